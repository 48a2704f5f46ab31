/* SPDX-License-Identifier: Apache-2.0 */
#include "base/why.h"

#include <errno.h>

const char *krait__errno_text(int error)
{
	static const struct { int number; const char *text; } known[] = {
		{ EACCES, "permission denied" }, { EPERM, "not permitted" }, { ENOENT, "no such file or folder" }, { ENOTDIR, "a part of the path is no folder" },
		{ EISDIR, "it is a folder" }, { EEXIST, "it exists already" }, { EIO, "input/output error" }, { ENOSPC, "no space left on the device" },
		{ EDQUOT, "the disk quota is used up" }, { EROFS, "the file system is read-only" }, { EMFILE, "this process has too many open files" },
		{ ENFILE, "the system has too many open files" }, { ENOMEM, "out of memory" }, { ENAMETOOLONG, "the name is too long" },
		{ ELOOP, "too many symbolic links" }, { EFBIG, "the file would be too large" }, { ETXTBSY, "the file is a program that runs" },
		{ EBUSY, "it is busy" }, { EXDEV, "it lies on another file system" }, { EINVAL, "invalid argument" }, { EAGAIN, "the system lacks resources; try again" },
		{ EINTR, "interrupted" }, { ESTALE, "stale file handle" }, { ENODEV, "no such device" }, { ENXIO, "no such device or address" },
		{ EOVERFLOW, "a value is too large" }, { ENOTEMPTY, "the folder is not empty" }, { EPIPE, "broken pipe" }, { ETIMEDOUT, "timed out" },
	};

	for (unsigned i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (known[i].number == error)
			return known[i].text;
	return "an error of the system";
}
