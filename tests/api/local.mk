# tests of the public API
