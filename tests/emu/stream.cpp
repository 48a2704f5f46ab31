// SPDX-License-Identifier: Apache-2.0
// stream.cpp - streams and events. Work runs at once, or, with EMU_STREAM=lazy, when something
// waits for it: a missing wait shows as a stale result.
#include "queue.h"
#include "look.h"

#include <algorithm>

namespace emu {

CUstream_st &null_stream_object = *new CUstream_st;
static std::vector<CUstream_st *> &streams = *new std::vector<CUstream_st *>;
static size_t n_events, n_handles;

CUstream_st *stream_of(cudaStream_t s)
{
	return s == nullptr || s == cudaStreamLegacy || s == cudaStreamPerThread ? &null_stream_object : s;
}

bool known(cudaStream_t s)
{
	return stream_of(s) == &null_stream_object || std::find(streams.begin(), streams.end(), s) != streams.end();
}

size_t streams_alive() { return streams.size() + n_events + graphs_alive(); }
size_t handles_alive() { return n_handles; }
void handle_made(int by) { n_handles += size_t(by); }
std::shared_ptr<Tag> new_tag() { return std::make_shared<Tag>(); }

static void add(Tags &to, const Tags &more)
{
	for (const auto &tag : more)
		if (std::find(to.begin(), to.end(), tag) == to.end())
			to.push_back(tag);
}

// ---- running -------------------------------------------------------------------------------------

void perform(const Work &work, const Order &order)
{
	switch (work.kind) {
	case WORK_KERNEL:
		count_kernel(work.launch.kernel, nullptr, work.bytes);
		counts.early += work.launch.early;
		if (looking())
			look_at(work.launch, work.body, work.bytes, order);
		else if (!settings.counting)
			run_grid(work.launch, work.body, order);
		if (!settings.counting)
			tell_that_it_ran(work.launch.kernel);
		break;
	case WORK_GRAPH:
	case WORK_EVENT:
		work.nested(order);
		break;
	default:
		run_as_device(order, work.body);
	}
}

static void run_work(CUstream_st *s, const Item &item)
{
	Order order;
	Tags before = s->done;

	before.push_back(item.queued);
	order.before = before;
	order.early = s->begun;
	order.early.push_back(item.queued);
	order.done = new_tag();
	perform(item.work, order);
	s->done = {order.done};
	/* Only a kernel lets another begin before it ends, and not before it has seen the end of what was before it:
	 * all blocks of one that began early itself wait for that before they let go (grid_release() looks). */
	s->begun = item.work.kind == WORK_KERNEL ? before : s->done;
}

static void run_item(CUstream_st *s, Item &item)
{
	if (item.record != nullptr) {
		item.record->tags = s->done;
		item.record->time = std::chrono::steady_clock::now();
	} else if (item.wait != nullptr) {
		if (item.wait->stream != s)
			drain(item.wait->stream, item.wait->ticket);
		add(s->done, item.wait->tags);
		s->begun = s->done;
	} else if (lost() == cudaSuccess) {     /* nothing runs on a device that is gone */
		run_work(s, item);
	}
}

void drain(CUstream_st *s, uint64_t up_to)
{
	while (!s->items.empty() && s->ran < up_to) {
		Item item = std::move(s->items.front());

		s->items.pop_front();
		s->ran++;
		run_item(s, item);
	}
}

void host_sees(const CUstream_st *s)
{
	for (const auto &tag : s->done)
		hb_acquire(tag.get());
}

void drain_all()
{
	for (CUstream_st *s : streams)
		drain(s);
	for (CUstream_st *s : streams)
		host_sees(s);
	host_sees(&null_stream_object);
}

/* The legacy stream and every blocking stream wait for each other. */
static void run_in_null(Item &item)
{
	CUstream_st *n = &null_stream_object;

	for (CUstream_st *s : streams)
		if (s->blocking) {
			drain(s);
			add(n->done, s->done);
		}
	n->begun = n->done;
	n->pushed++;
	n->ran++;
	run_item(n, item);
	for (CUstream_st *s : streams)
		if (s->blocking) {
			add(s->done, n->done);
			s->begun = s->done;
		}
}

static void push(CUstream_st *s, Item item)
{
	if (s == &null_stream_object) {
		run_in_null(item);
		return;
	}
	s->pushed++;
	s->items.push_back(std::move(item));
	if (!settings.lazy)
		drain(s);
}

// ---- queueing, or capturing ------------------------------------------------------------------------

cudaError_t spoil(Capture *capture, cudaError_t error)
{
	capture->spoilt = true;
	return error;
}

bool capture_forbids()
{
	bool forbidden = false;

	for (CUstream_st *s : streams) {
		Capture *c = s->capture;

		if (c == nullptr || c->mode == cudaStreamCaptureModeRelaxed)
			continue;
		if (c->mode == cudaStreamCaptureModeThreadLocal && !pthread_equal(c->thread, pthread_self()))
			continue;
		c->spoilt = true;
		forbidden = true;
	}
	return forbidden;
}

/* Work in the legacy stream would wait for streams that are being captured. */
static cudaError_t implicit_dependency()
{
	for (CUstream_st *s : streams)
		if (s->capture != nullptr && s->blocking)
			return spoil(s->capture, cudaErrorStreamCaptureImplicit);
	return cudaSuccess;
}

static cudaError_t capture_work(CUstream_st *s, Work work)
{
	auto node = std::make_unique<CUgraphNode_st>();

	if (s->capture->spoilt)
		return cudaErrorStreamCaptureInvalidated;
	node->work = std::move(work);
	node->after = s->last;
	s->last = {node.get()};
	s->capture->graph->nodes.push_back(std::move(node));
	return cudaSuccess;
}

cudaError_t enqueue(cudaStream_t stream, Work work)
{
	CUstream_st *s = stream_of(stream);
	Item item;

	if (!known(stream) || (s != &null_stream_object && s->device != current_device()))
		return cudaErrorInvalidResourceHandle;
	if (s->capture != nullptr)
		return capture_work(s, std::move(work));
	if (s == &null_stream_object)
		if (cudaError_t e = implicit_dependency())
			return e;
	if (work.kind == WORK_KERNEL)
		counts.launches++;
	item.work = std::move(work);
	item.queued = new_tag();
	hb_release(item.queued.get());
	push(s, std::move(item));
	return lost();
}

}  // namespace emu

using namespace emu;

// ---- streams ---------------------------------------------------------------------------------------

API cudaStreamCreateWithFlags(cudaStream_t *out, unsigned flags)
{
	ENTER();
	*out = new CUstream_st;
	(*out)->device = current_device();
	(*out)->blocking = (flags & cudaStreamNonBlocking) == 0;
	if ((*out)->blocking)
		(*out)->done = null_stream_object.done;
	streams.push_back(*out);
	return cudaSuccess;
}

API cudaStreamCreate(cudaStream_t *out) { return cudaStreamCreateWithFlags(out, cudaStreamDefault); }
API cudaStreamCreateWithPriority(cudaStream_t *out, unsigned flags, int) { return cudaStreamCreateWithFlags(out, flags); }

API cudaDeviceGetStreamPriorityRange(int *least, int *greatest)
{
	ENTER();
	*least = 0;
	*greatest = -5;
	return cudaSuccess;
}

API cudaStreamDestroy(cudaStream_t s)
{
	Call call(__func__);
	auto at = std::find(streams.begin(), streams.end(), s);

	if (at == streams.end())
		return done(cudaErrorInvalidResourceHandle);
	drain(s);
	null_stream_object.done.insert(null_stream_object.done.end(), s->done.begin(), s->done.end());
	if (s->capture != nullptr)
		s->capture->spoilt = true;
	streams.erase(at);
	delete s;
	return done(call.error);
}

API cudaStreamSynchronize(cudaStream_t stream)
{
	CUstream_st *s = stream_of(stream);

	ENTER();
	if (!known(stream))
		return done(cudaErrorInvalidResourceHandle);
	if (s->capture != nullptr)
		return done(spoil(s->capture, cudaErrorStreamCaptureUnsupported));
	counts.waits++;
	if (s == &null_stream_object) {
		if (cudaError_t e = implicit_dependency())
			return done(e);
		for (CUstream_st *o : streams)
			if (o->blocking) {
				drain(o);
				host_sees(o);
			}
	}
	drain(s);
	host_sees(s);
	return done(lost());
}

API cudaStreamQuery(cudaStream_t stream)
{
	CUstream_st *s = stream_of(stream);

	ENTER();
	if (s->capture != nullptr)
		return done(spoil(s->capture, cudaErrorStreamCaptureUnsupported));
	if (!s->items.empty()) {
		drain(s, s->ran + 1);           /* asked often enough, it gets there */
		return cudaErrorNotReady;
	}
	host_sees(s);
	return cudaSuccess;
}

API cudaDeviceSynchronize()
{
	ENTER_UNSAFE();
	counts.waits++;
	drain_all();
	return done(lost());
}

API cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void *user)
{
	ENTER();
	return done(enqueue(stream, {WORK_HOST, [=] { function(user); }, {}, 0, nullptr}));
}

// ---- events ----------------------------------------------------------------------------------------

API cudaEventCreateWithFlags(cudaEvent_t *out, unsigned flags)
{
	ENTER();
	*out = new CUevent_st;
	(*out)->timed = (flags & cudaEventDisableTiming) == 0;
	n_events++;
	return cudaSuccess;
}

API cudaEventCreate(cudaEvent_t *out) { return cudaEventCreateWithFlags(out, cudaEventDefault); }

API cudaEventDestroy(cudaEvent_t e)
{
	Call call(__func__);

	delete e;
	n_events--;
	return done(call.error);
}

API cudaEventRecord(cudaEvent_t e, cudaStream_t stream)
{
	CUstream_st *s = stream_of(stream);
	Item item;

	ENTER();
	if (!known(stream))
		return done(cudaErrorInvalidResourceHandle);
	e->capture = s->capture;
	if (s->capture != nullptr) {
		e->last = s->last;
		return done(s->capture->spoilt ? cudaErrorStreamCaptureInvalidated : cudaSuccess);
	}
	e->record = std::make_shared<Record>();
	e->record->stream = s;
	item.record = e->record;
	item.record->ticket = s->pushed + 1;
	push(s, std::move(item));
	return cudaSuccess;
}

/* In a capture: a node that records the event each time the graph runs. */
static cudaError_t record_in_graph(CUevent_st *e, cudaStream_t stream)
{
	auto record = std::make_shared<Record>();

	record->stream = stream_of(stream);
	record->ticket = 0;
	e->capture = nullptr;
	e->record = record;
	return enqueue(stream, {WORK_EVENT, nullptr, {}, 0, [record](const Order &order) {
		record->tags = order.before;
		record->time = std::chrono::steady_clock::now();
		run_as_device(order, [] {});
	}});
}

API cudaEventRecordWithFlags(cudaEvent_t e, cudaStream_t stream, unsigned flags)
{
	if (flags != cudaEventRecordExternal)
		return cudaEventRecord(e, stream);
	ENTER();
	if (!known(stream))
		return done(cudaErrorInvalidResourceHandle);
	return done(stream_of(stream)->capture == nullptr ? cudaErrorInvalidValue : record_in_graph(e, stream));
}

API cudaEventSynchronize(cudaEvent_t e)
{
	ENTER();
	if (e->capture != nullptr)
		return done(spoil(e->capture, cudaErrorCapturedEvent));
	counts.waits++;
	if (e->record == nullptr)
		return cudaSuccess;
	if (known(e->record->stream))
		drain(e->record->stream, e->record->ticket);
	for (const auto &tag : e->record->tags)
		hb_acquire(tag.get());
	return done(lost());
}

API cudaEventQuery(cudaEvent_t e)
{
	CUstream_st *s;

	ENTER_UNSAFE();
	if (e->capture != nullptr)
		return done(spoil(e->capture, cudaErrorCapturedEvent));
	if (e->record == nullptr)
		return cudaSuccess;
	s = e->record->stream;
	if (known(s) && s->ran < e->record->ticket) {
		drain(s, s->ran + 1);
		return cudaErrorNotReady;
	}
	for (const auto &tag : e->record->tags)
		hb_acquire(tag.get());
	return cudaSuccess;
}

API cudaEventElapsedTime(float *ms, cudaEvent_t a, cudaEvent_t b)
{
	ENTER();
	if (a->record == nullptr || b->record == nullptr || !a->timed || !b->timed)
		return done(cudaErrorInvalidResourceHandle);
	if ((known(a->record->stream) && a->record->stream->ran < a->record->ticket) ||
			(known(b->record->stream) && b->record->stream->ran < b->record->ticket))
		return cudaErrorNotReady;
	*ms = std::chrono::duration<float, std::milli>(b->record->time - a->record->time).count();
	return cudaSuccess;
}

static cudaError_t join_capture(CUstream_st *s, CUevent_st *e)
{
	if (e->capture->spoilt)
		return cudaErrorStreamCaptureInvalidated;
	if (s == &null_stream_object)
		return spoil(e->capture, cudaErrorStreamCaptureImplicit);
	if (s->capture != nullptr && s->capture != e->capture)
		return spoil(s->capture, spoil(e->capture, cudaErrorStreamCaptureMerge));
	if (s->capture == nullptr)
		s->last.clear();
	s->capture = e->capture;
	for (CUgraphNode_st *node : e->last)
		if (std::find(s->last.begin(), s->last.end(), node) == s->last.end())
			s->last.push_back(node);
	return cudaSuccess;
}

API cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t e, unsigned)
{
	CUstream_st *s = stream_of(stream);
	Item item;

	ENTER();
	if (!known(stream))
		return done(cudaErrorInvalidResourceHandle);
	if (e->capture != nullptr)
		return done(join_capture(s, e));
	if (s->capture != nullptr)
		return done(spoil(s->capture, cudaErrorStreamCaptureIsolation));
	if (e->record == nullptr || !known(e->record->stream))
		return cudaSuccess;
	item.wait = e->record;
	push(s, std::move(item));
	return cudaSuccess;
}

// ---- captures --------------------------------------------------------------------------------------

API cudaStreamBeginCapture(cudaStream_t s, cudaStreamCaptureMode mode)
{
	ENTER();
	if (stream_of(s) == &null_stream_object)
		return done(cudaErrorStreamCaptureUnsupported);
	if (!known(s) || s->capture != nullptr)
		return done(cudaErrorIllegalState);
	s->capture = new Capture{new CUgraph_st, s, mode, pthread_self(), false};
	s->last.clear();
	return cudaSuccess;
}

static void ancestors(CUgraphNode_st *node, std::vector<CUgraphNode_st *> &out)
{
	if (std::find(out.begin(), out.end(), node) != out.end())
		return;
	out.push_back(node);
	for (CUgraphNode_st *before : node->after)
		ancestors(before, out);
}

/* Whether the origin waits for all that other streams of the capture did. */
static bool joined(const Capture *c)
{
	std::vector<CUgraphNode_st *> seen;

	for (CUgraphNode_st *node : c->origin->last)
		ancestors(node, seen);
	for (CUstream_st *s : streams)
		if (s->capture == c)
			for (CUgraphNode_st *node : s->last)
				if (std::find(seen.begin(), seen.end(), node) == seen.end())
					return false;
	return true;
}

API cudaStreamEndCapture(cudaStream_t s, cudaGraph_t *out)
{
	Capture *c;
	cudaError_t e;

	Call call(__func__);
	*out = nullptr;
	if (!known(s) || (c = stream_of(s)->capture) == nullptr)
		return done(call.error != cudaSuccess ? call.error : cudaErrorIllegalState);
	if (c->origin != s)
		return done(spoil(c, cudaErrorStreamCaptureUnmatched));
	if (c->mode != cudaStreamCaptureModeRelaxed && !pthread_equal(c->thread, pthread_self()))
		return done(spoil(c, cudaErrorStreamCaptureWrongThread));
	e = call.error != cudaSuccess ? call.error : c->spoilt ? cudaErrorStreamCaptureInvalidated :
		joined(c) ? cudaSuccess : cudaErrorStreamCaptureUnjoined;
	for (CUstream_st *o : streams)
		if (o->capture == c)
			o->capture = nullptr;
	if (e == cudaSuccess)
		*out = c->graph;
	else
		delete c->graph;
	if (e == cudaSuccess)
		handle_made(1);
	delete c;
	return done(e);
}

API cudaStreamIsCapturing(cudaStream_t s, cudaStreamCaptureStatus *out)
{
	ENTER();
	*out = stream_of(s)->capture == nullptr ? cudaStreamCaptureStatusNone :
		stream_of(s)->capture->spoilt ? cudaStreamCaptureStatusInvalidated : cudaStreamCaptureStatusActive;
	return cudaSuccess;
}
