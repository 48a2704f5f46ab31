# tests of the engines
