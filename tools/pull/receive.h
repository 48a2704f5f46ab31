/* SPDX-License-Identifier: Apache-2.0 */
/* receive.h - the bytes of a file: where they go on, into what file, with what check sum. */
#ifndef TOOLS_PULL_RECEIVE_H
#define TOOLS_PULL_RECEIVE_H

#include "pull/transfer.h"

/* Opens the file that it grows in, and reads what is there already. False: said why not. */
bool receive_open(struct transfer *transfer);
/* Sets the request up to go on from there. False: out of memory. */
bool receive_set_up(struct transfer *transfer);
/* From the beginning next time. */
void receive_again(struct transfer *transfer);
/* The check sum of all that has come. False: there is none. */
bool receive_end(struct transfer *transfer, char found[65]);
void receive_close(struct transfer *transfer);

#endif
