# Memory, files, threads and processes that fail.
faults_helpers = %D%/faults.c %D%/faults.h %D%/scene.c %D%/scene.h

check_PROGRAMS += tests/faults/test_memory
TESTS += tests/faults/test_memory
tests_faults_test_memory_SOURCES = %D%/test_memory.c $(faults_helpers)
tests_faults_test_memory_CPPFLAGS = $(TEST_CPPFLAGS)
tests_faults_test_memory_CFLAGS = $(TEST_CFLAGS)
tests_faults_test_memory_LDADD = $(TEST_LDADD)

check_PROGRAMS += tests/faults/test_files
TESTS += tests/faults/test_files
tests_faults_test_files_SOURCES = %D%/test_files.c $(faults_helpers)
tests_faults_test_files_CPPFLAGS = $(TEST_CPPFLAGS)
tests_faults_test_files_CFLAGS = $(TEST_CFLAGS)
tests_faults_test_files_LDADD = $(TEST_LDADD)

check_PROGRAMS += tests/faults/test_misuse
TESTS += tests/faults/test_misuse
tests_faults_test_misuse_SOURCES = %D%/test_misuse.c $(faults_helpers)
tests_faults_test_misuse_CPPFLAGS = $(TEST_CPPFLAGS)
tests_faults_test_misuse_CFLAGS = $(TEST_CFLAGS)
tests_faults_test_misuse_LDADD = $(TEST_LDADD)

check_PROGRAMS += tests/faults/test_fork
TESTS += tests/faults/test_fork
tests_faults_test_fork_SOURCES = %D%/test_fork.c $(faults_helpers)
tests_faults_test_fork_CPPFLAGS = $(TEST_CPPFLAGS)
tests_faults_test_fork_CFLAGS = $(TEST_CFLAGS)
tests_faults_test_fork_LDADD = $(TEST_LDADD)

# Loads the library that was built, by its path.
check_PROGRAMS += tests/faults/test_unload
TESTS += tests/faults/test_unload
tests_faults_test_unload_SOURCES = %D%/test_unload.c $(faults_helpers)
tests_faults_test_unload_CPPFLAGS = $(TEST_CPPFLAGS)
tests_faults_test_unload_CFLAGS = $(TEST_CFLAGS)
tests_faults_test_unload_LDADD = $(TEST_LDADD)

check_PROGRAMS += tests/faults/test_threads
TESTS += tests/faults/test_threads
tests_faults_test_threads_SOURCES = %D%/test_threads.c $(faults_helpers)
tests_faults_test_threads_CPPFLAGS = $(TEST_CPPFLAGS)
tests_faults_test_threads_CFLAGS = $(TEST_CFLAGS)
tests_faults_test_threads_LDADD = $(TEST_LDADD)

check_PROGRAMS += tests/faults/test_kill
TESTS += tests/faults/test_kill
tests_faults_test_kill_SOURCES = %D%/test_kill.c $(faults_helpers)
tests_faults_test_kill_CPPFLAGS = $(TEST_CPPFLAGS)
tests_faults_test_kill_CFLAGS = $(TEST_CFLAGS)
tests_faults_test_kill_LDADD = $(TEST_LDADD)
