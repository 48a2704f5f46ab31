# tests of lib/model
model_tests = tests/model/test_configuration tests/model/test_plan tests/model/test_hybrid_plans tests/model/test_hybrid_open tests/model/test_open tests/model/test_companions tests/model/test_heads \
	tests/model/test_published tests/model/test_random
check_PROGRAMS += $(model_tests)
TESTS += $(model_tests)

tests_model_test_configuration_SOURCES = %D%/test_configuration.c
tests_model_test_configuration_CPPFLAGS = $(TEST_CPPFLAGS)
tests_model_test_configuration_CFLAGS = $(TEST_CFLAGS)
tests_model_test_configuration_LDADD = $(TEST_LDADD)

tests_model_test_plan_SOURCES = %D%/test_plan.c %D%/plan_kit.c %D%/plan_kit.h
tests_model_test_plan_CPPFLAGS = $(TEST_CPPFLAGS)
tests_model_test_plan_CFLAGS = $(TEST_CFLAGS)
tests_model_test_plan_LDADD = $(TEST_LDADD)

tests_model_test_hybrid_plans_SOURCES = %D%/test_hybrid_plans.c %D%/plan_kit.c %D%/plan_kit.h
tests_model_test_hybrid_plans_CPPFLAGS = $(TEST_CPPFLAGS)
tests_model_test_hybrid_plans_CFLAGS = $(TEST_CFLAGS)
tests_model_test_hybrid_plans_LDADD = $(TEST_LDADD)

tests_model_test_hybrid_open_SOURCES = %D%/test_hybrid_open.c
tests_model_test_hybrid_open_CPPFLAGS = $(TEST_CPPFLAGS)
tests_model_test_hybrid_open_CFLAGS = $(TEST_CFLAGS)
tests_model_test_hybrid_open_LDADD = $(TEST_LDADD)

tests_model_test_open_SOURCES = %D%/test_open.c
tests_model_test_open_CPPFLAGS = $(TEST_CPPFLAGS)
tests_model_test_open_CFLAGS = $(TEST_CFLAGS)
tests_model_test_open_LDADD = $(TEST_LDADD)

tests_model_test_companions_SOURCES = %D%/test_companions.c
tests_model_test_companions_CPPFLAGS = $(TEST_CPPFLAGS)
tests_model_test_companions_CFLAGS = $(TEST_CFLAGS)
tests_model_test_companions_LDADD = $(TEST_LDADD)

tests_model_test_heads_SOURCES = %D%/test_heads.c
tests_model_test_heads_CPPFLAGS = $(TEST_CPPFLAGS)
tests_model_test_heads_CFLAGS = $(TEST_CFLAGS)
tests_model_test_heads_LDADD = $(TEST_LDADD) $(JANSSON_LIBS)

tests_model_test_published_SOURCES = %D%/test_published.c
tests_model_test_published_CPPFLAGS = $(TEST_CPPFLAGS)
tests_model_test_published_CFLAGS = $(TEST_CFLAGS)
tests_model_test_published_LDADD = $(TEST_LDADD) $(JANSSON_LIBS) -lm

tests_model_test_random_SOURCES = %D%/test_random.c
tests_model_test_random_CPPFLAGS = $(TEST_CPPFLAGS)
tests_model_test_random_CFLAGS = $(TEST_CFLAGS)
tests_model_test_random_LDADD = $(TEST_LDADD)
