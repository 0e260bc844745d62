"""A file's header as a tree of raw elements, and the stream that is made of one."""
