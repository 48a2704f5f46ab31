# tools - the krait command
