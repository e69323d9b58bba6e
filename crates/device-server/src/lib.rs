//! devreg: the registry as an HTTP server and a command line.
