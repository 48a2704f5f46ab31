# tests of what is installed
