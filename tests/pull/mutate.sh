#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Answers and caches that are spoiled at random.
. "${0%/*}/run.sh"
