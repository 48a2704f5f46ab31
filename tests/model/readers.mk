# The readers of weight files.
check_PROGRAMS += tests/model/test_torch tests/model/test_zip tests/model/test_safetensors tests/model/test_checkpoint
TESTS += tests/model/test_torch tests/model/test_zip tests/model/test_safetensors tests/model/test_checkpoint
TESTS += %D%/make_checkpoint.sh

tests_model_test_torch_SOURCES = %D%/test_torch.c %D%/weight_values.c %D%/weight_values.h
tests_model_test_torch_CPPFLAGS = $(TEST_CPPFLAGS)
tests_model_test_torch_CFLAGS = $(TEST_CFLAGS)
tests_model_test_torch_LDADD = $(TEST_LDADD)

tests_model_test_zip_SOURCES = %D%/test_zip.c
tests_model_test_zip_CPPFLAGS = $(TEST_CPPFLAGS)
tests_model_test_zip_CFLAGS = $(TEST_CFLAGS)
tests_model_test_zip_LDADD = $(TEST_LDADD)

tests_model_test_safetensors_SOURCES = %D%/test_safetensors.c %D%/weight_values.c %D%/weight_values.h
tests_model_test_safetensors_CPPFLAGS = $(TEST_CPPFLAGS)
tests_model_test_safetensors_CFLAGS = $(TEST_CFLAGS)
tests_model_test_safetensors_LDADD = $(TEST_LDADD)

tests_model_test_checkpoint_SOURCES = %D%/test_checkpoint.c %D%/weight_values.c %D%/weight_values.h
tests_model_test_checkpoint_CPPFLAGS = $(TEST_CPPFLAGS)
tests_model_test_checkpoint_CFLAGS = $(TEST_CFLAGS)
tests_model_test_checkpoint_LDADD = $(TEST_LDADD)
