# tests with failing allocations and files
