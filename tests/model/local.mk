# tests of lib/model
