"""The command line: the app's twin, for scripts, cron, screen readers and plain terminals."""
