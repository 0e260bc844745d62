"""The screens as admins use them: over OpenSSH, in a terminal of tmux."""
