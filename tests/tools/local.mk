# Tests of the command: shell scripts on the built program, and its filter for terminals.
if HAVE_CHECK
check_PROGRAMS += tests/tools/test_terminal
tests_tools_test_terminal_SOURCES = %D%/test_terminal.c \
	tools/terminal.c tools/terminal.h tools/wrap.c tools/wrap.h tools/nearest.c tools/nearest.h tools/say.c tools/say.h tools/progress.c tools/progress.h \
	tools/interrupt.c tools/interrupt.h tools/verbs.h
tests_tools_test_terminal_CPPFLAGS = $(TEST_CPPFLAGS) -I$(top_srcdir)/tools
tests_tools_test_terminal_CFLAGS = $(TEST_CFLAGS)
tests_tools_test_terminal_LDADD = $(TEST_LDADD)
TESTS += tests/tools/test_terminal
endif

tools_tests = %D%/run.sh %D%/errors.sh %D%/text.sh %D%/embed.sh %D%/chat.sh %D%/pty.sh %D%/completion.sh %D%/manual.sh
TESTS += $(tools_tests)
EXTRA_DIST += $(tools_tests) %D%/tap.sh %D%/pty_session.py %D%/completion.bash %D%/completion.zsh %D%/greedy.txt %D%/greedy.ids
