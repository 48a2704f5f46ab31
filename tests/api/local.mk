# tests of the public API
api_tests = tests/api/test_options tests/api/test_constants tests/api/test_model
check_PROGRAMS += $(api_tests)
TESTS += $(api_tests)

tests_api_test_options_SOURCES = %D%/test_options.c
tests_api_test_options_CPPFLAGS = $(TEST_CPPFLAGS)
tests_api_test_options_CFLAGS = $(TEST_CFLAGS)
tests_api_test_options_LDADD = $(TEST_LDADD)

tests_api_test_constants_SOURCES = %D%/test_constants.c
nodist_tests_api_test_constants_SOURCES = %D%/public_constants.h
tests_api_test_constants_CPPFLAGS = $(TEST_CPPFLAGS) -Itests/api
tests_api_test_constants_CFLAGS = $(TEST_CFLAGS)
tests_api_test_constants_LDADD = $(TEST_LDADD)

tests_api_test_model_SOURCES = %D%/test_model.c
tests_api_test_model_CPPFLAGS = $(TEST_CPPFLAGS)
tests_api_test_model_CFLAGS = $(TEST_CFLAGS)
tests_api_test_model_LDADD = $(TEST_LDADD)

# Every constant that the public headers define, so that none can be forgotten.
tests/api/public_constants.h: include/krait.h include/krait_experimental.h
	$(AM_V_GEN)$(MKDIR_P) tests/api && $(AWK) '/^#[ \t]*define[ \t]+KRAIT_[A-Z0-9_]+[ \t]+[^ \t]/ && $$2 != "KRAIT_API" { print "CONSTANT(" $$2 ")" }' \
		$(srcdir)/include/krait.h $(srcdir)/include/krait_experimental.h >$@.tmp && mv -f $@.tmp $@
tests/api/tests_api_test_constants-test_constants.$(OBJEXT): tests/api/public_constants.h
tests/api/test_constants-test_constants.$(OBJEXT): tests/api/public_constants.h
CLEANFILES += tests/api/public_constants.h
