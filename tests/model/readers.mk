# tests of the checkpoint readers
