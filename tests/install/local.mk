# Tests of what is installed, of the documents, and of how the sources are kept.
install_tests = %D%/symbols.sh %D%/header.sh %D%/pkgconfig.sh %D%/layers.sh %D%/style.sh %D%/docs.sh
TESTS += $(install_tests)
EXTRA_DIST += $(install_tests) %D%/tap.sh
