# SPDX-License-Identifier: Apache-2.0
# Completion of the command, where the shells look for it under any prefix.
bashcompletiondir = $(datadir)/bash-completion/completions
zshcompletiondir = $(datadir)/zsh/site-functions
dist_bashcompletion_DATA = %D%/bash/krait
dist_zshcompletion_DATA = %D%/_krait
dist_fishcompletion_DATA = %D%/krait.fish
