# tests of the command
