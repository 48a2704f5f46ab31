/* SPDX-License-Identifier: Apache-2.0 */
/* queue.h - streams, events, captures and graphs, from inside. */
#ifndef EMU_QUEUE_H
#define EMU_QUEUE_H

#include "inner.h"

#include <chrono>
#include <deque>
#include <pthread.h>

struct CUgraphNode_st {
	emu::Work work;
	std::vector<CUgraphNode_st *> after;
};

struct CUgraph_st {
	std::vector<std::unique_ptr<CUgraphNode_st>> nodes;     /* each after those that it depends on */
};

namespace emu {

struct Capture {
	CUgraph_st *graph;
	CUstream_st *origin;
	cudaStreamCaptureMode mode;
	pthread_t thread;
	bool spoilt;
};

/* One recording of an event. */
struct Record {
	CUstream_st *stream = nullptr;
	uint64_t ticket = 0;            /* how far its stream has to run */
	Tags tags;                      /* what is done then */
	std::chrono::steady_clock::time_point time;
};

struct Item {
	Work work;
	std::shared_ptr<Tag> queued;    /* what the host did before */
	std::shared_ptr<Record> wait, record;   /* an event's, instead of work */
};

}  // namespace emu

struct CUstream_st {
	std::deque<emu::Item> items;
	uint64_t pushed = 0, ran = 0;
	bool blocking = true;
	int device = 0;                 /* whose it is */
	emu::Tags done;                 /* of the last work that ran */
	emu::Tags begun;                /* what that work could rely on when it began */
	emu::Capture *capture = nullptr;
	std::vector<CUgraphNode_st *> last;     /* of the capture, in this stream */
};

struct CUevent_st {
	std::shared_ptr<emu::Record> record;
	emu::Capture *capture = nullptr;
	CUgraph_st *captured_in = nullptr;
	std::vector<CUgraphNode_st *> last;
	bool timed = true;
};

namespace emu {

CUstream_st *stream_of(cudaStream_t stream);
bool known(cudaStream_t stream);
cudaError_t spoil(Capture *capture, cudaError_t error);
void drain(CUstream_st *stream, uint64_t up_to = UINT64_MAX);
void host_sees(const CUstream_st *stream);
size_t graphs_alive();
std::shared_ptr<Tag> new_tag();

}  // namespace emu
#endif
