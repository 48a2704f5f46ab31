#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What happens when servers, lines, disks and other programs fail krait pull.
. "${0%/*}/run.sh"
