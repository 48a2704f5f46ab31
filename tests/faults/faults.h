/* SPDX-License-Identifier: Apache-2.0 */
/*
 * faults.h - makes the n-th allocation or the n-th file operation fail.
 *
 * With glibc the program's own malloc and its kin are counted, so that the libraries beneath
 * krait are covered too. A sanitizer has its own malloc; there the allocators that krait and
 * jansson let be set are counted.
 */
#ifndef KRAIT_TESTS_FAULTS_H
#define KRAIT_TESTS_FAULTS_H

#include <stdbool.h>
#include <stddef.h>

void faults_begin(void);                /* before anything is opened */
bool faults_slow(void);                 /* under valgrind: fewer steps must do */

/* The n-th allocation from now on fails, once. */
void faults_arm_memory(unsigned long n);
bool faults_disarm_memory(void);        /* did it fail? */
long faults_live(void);                 /* blocks that are allocated now */

enum file_fault {
	FILE_ERROR,                     /* the n-th operation fails: writing with ENOSPC, others with EIO */
	FILE_SHORT,                     /* reads and writes of it do only a part, from the n-th on */
	FILE_INTERRUPT                  /* a read or write is interrupted before it begins (EINTR) */
};
void faults_arm_files(unsigned long n, enum file_fault fault);
bool faults_disarm_files(void);

int faults_open_files(void);            /* file descriptors of this process */
int faults_count_files(const char *folder);

/* The steps at which something fails: all up to `all`, then every 97th. */
unsigned long faults_next(unsigned long n, unsigned long all);

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define FAULTS_SANITIZED 1
#endif
#if __has_feature(thread_sanitizer)
#define FAULTS_THREAD_SANITIZED 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define FAULTS_SANITIZED 1
#endif
#ifdef __SANITIZE_THREAD__
#define FAULTS_THREAD_SANITIZED 1
#endif
#ifdef FAULTS_THREAD_SANITIZED
#undef FAULTS_SANITIZED
#define FAULTS_SANITIZED 1
#endif

#endif
