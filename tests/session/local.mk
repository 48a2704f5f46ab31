# tests of lib/session
