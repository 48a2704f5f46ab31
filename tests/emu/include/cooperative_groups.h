/* SPDX-License-Identifier: Apache-2.0 */
/* cooperative_groups.h - the part of it that the kernels use, for the emulation. */
#ifndef EMU_COOPERATIVE_GROUPS_H
#define EMU_COOPERATIVE_GROUPS_H

namespace cooperative_groups {

struct grid_group {
	void sync(EMU_WHERE) const { emu::grid_sync(file, line); }
	bool is_valid() const { return true; }
	unsigned long long num_blocks() const { return 1ull * gridDim.x * gridDim.y * gridDim.z; }
	unsigned long long size() const { return num_blocks() * blockDim.x * blockDim.y * blockDim.z; }
};
inline grid_group this_grid() { return {}; }

struct thread_block {
	void sync(EMU_WHERE) const { emu::block_sync(emu::VOTE_NONE, 0, file, line); }
	unsigned thread_rank() const { return threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z); }
	unsigned size() const { return blockDim.x * blockDim.y * blockDim.z; }
};
inline thread_block this_thread_block() { return {}; }

}  // namespace cooperative_groups

#endif
