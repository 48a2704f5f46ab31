# Manual pages.
dist_man_MANS += %D%/krait.1
