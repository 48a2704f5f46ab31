#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What krait pull brings, where it lies and what is told.
. "${0%/*}/run.sh"
