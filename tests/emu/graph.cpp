// SPDX-License-Identifier: Apache-2.0
// graph.cpp - graphs: what was captured, made ready and run, in any order that its edges allow.
#include "queue.h"

#include <algorithm>

namespace emu {

struct Step {
	Work work;
	std::vector<size_t> after;
	const CUgraphNode_st *from;
};
using Plan = std::vector<Step>;

static size_t n_graphs;
size_t graphs_alive() { return n_graphs; }

}  // namespace emu

/* Launches that are queued keep the plan that they were launched with. */
struct CUgraphExec_st {
	std::shared_ptr<emu::Plan> plan;
};

namespace emu {

static std::shared_ptr<Plan> plan_of(const CUgraph_st *graph)
{
	auto plan = std::make_shared<Plan>();

	for (const auto &node : graph->nodes) {
		Step step = {node->work, {}, node.get()};

		for (const CUgraphNode_st *before : node->after)
			for (size_t i = 0; i < plan->size(); i++)
				if ((*plan)[i].from == before)
					step.after.push_back(i);
		plan->push_back(std::move(step));
	}
	return plan;
}

static bool can_run(const Plan &plan, const std::vector<bool> &ran, size_t i)
{
	if (ran[i])
		return false;
	for (size_t before : plan[i].after)
		if (!ran[before])
			return false;
	return true;
}

static size_t next_step(const Plan &plan, const std::vector<bool> &ran)
{
	std::vector<size_t> can;

	for (size_t i = 0; i < plan.size(); i++)
		if (can_run(plan, ran, i))
			can.push_back(i);
	return can[settings.order == EMU_FORWARD ? 0 : settings.order == EMU_REVERSE ? can.size() - 1 : random_below(unsigned(can.size()))];
}

static Order order_of(const Plan &plan, size_t i, const std::vector<Order> &orders, const Order &whole)
{
	Order order;
	const std::vector<size_t> &after = plan[i].after;

	if (after.empty())
		order.before = whole.before;
	for (size_t before : after)
		order.before.push_back(orders[before].done);
	order.early = order.before;
	/* One kernel right behind another: it may begin when that one has seen the end of what was before it. */
	if (after.size() == 1 && plan[after[0]].work.kind == WORK_KERNEL)
		order.early = orders[after[0]].before;
	order.done = new_tag();
	return order;
}

static void run_plan(const Plan &plan, const Order &whole)
{
	std::vector<Order> orders(plan.size());
	std::vector<bool> ran(plan.size());
	Order end = whole;

	for (size_t n = 0; n < plan.size(); n++) {
		size_t i = settings.order == EMU_FORWARD ? n : next_step(plan, ran);

		orders[i] = order_of(plan, i, orders, whole);
		perform(plan[i].work, orders[i]);
		ran[i] = true;
		end.before.push_back(orders[i].done);
		counts.graph_nodes++;
	}
	run_as_device(end, [] {});
}

static cudaGraphNodeType type_of(const Work &work)
{
	switch (work.kind) {
	case WORK_KERNEL:
	case WORK_PRODUCT: return cudaGraphNodeTypeKernel;
	case WORK_COPY: return cudaGraphNodeTypeMemcpy;
	case WORK_SET: return cudaGraphNodeTypeMemset;
	case WORK_HOST: return cudaGraphNodeTypeHost;
	case WORK_EVENT: return cudaGraphNodeTypeEventRecord;
	default: return cudaGraphNodeTypeGraph;
	}
}

static cudaGraphExecUpdateResult compare(const Plan &a, const Plan &b)
{
	if (a.size() != b.size())
		return cudaGraphExecUpdateErrorTopologyChanged;
	for (size_t i = 0; i < a.size(); i++) {
		if (a[i].after != b[i].after)
			return cudaGraphExecUpdateErrorTopologyChanged;
		if (a[i].work.kind != b[i].work.kind)
			return cudaGraphExecUpdateErrorNodeTypeChanged;
		if (a[i].work.kind == WORK_KERNEL && a[i].work.launch.kernel != b[i].work.launch.kernel)
			return cudaGraphExecUpdateErrorFunctionChanged;
	}
	return cudaGraphExecUpdateSuccess;
}

}  // namespace emu

using namespace emu;

API cudaGraphInstantiate(cudaGraphExec_t *out, cudaGraph_t graph, unsigned long long)
{
	ENTER();
	*out = new CUgraphExec_st{plan_of(graph)};
	n_graphs++;
	return cudaSuccess;
}

API cudaGraphUpload(cudaGraphExec_t, cudaStream_t)
{
	ENTER();
	return cudaSuccess;
}

API cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream)
{
	std::shared_ptr<Plan> plan;

	ENTER();
	if (exec == nullptr)
		return done(cudaErrorInvalidResourceHandle);
	plan = exec->plan;
	if (stream_of(stream)->capture == nullptr)
		counts.graph_launches++;
	return done(enqueue(stream, {WORK_GRAPH, nullptr, {}, 0, [plan](const Order &order) { run_plan(*plan, order); }}));
}

API cudaGraphExecUpdate(cudaGraphExec_t exec, cudaGraph_t graph, cudaGraphExecUpdateResultInfo *info)
{
	ENTER();
	auto plan = plan_of(graph);
	cudaGraphExecUpdateResult result = compare(*exec->plan, *plan);

	memset(info, 0, sizeof *info);
	info->result = result;
	if (result != cudaGraphExecUpdateSuccess)
		return done(cudaErrorGraphExecUpdateFailure);
	for (size_t i = 0; i < plan->size(); i++)
		(*plan)[i].from = (*exec->plan)[i].from;
	exec->plan = plan;
	return cudaSuccess;
}

API cudaGraphExecKernelNodeSetParams(cudaGraphExec_t exec, cudaGraphNode_t node, const cudaKernelNodeParams *params)
{
	ENTER();
	auto plan = std::make_shared<Plan>(*exec->plan);

	for (Step &step : *plan) {
		Launch &l = step.work.launch;

		if (step.from != node || step.work.kind != WORK_KERNEL)
			continue;
		if (params->func != l.kernel || params->kernelParams == nullptr || params->sharedMemBytes > shared_limit(l.kernel))
			return done(cudaErrorInvalidValue);
		l.grid = params->gridDim;
		l.block = params->blockDim;
		l.shared = params->sharedMemBytes;
		step.work.body = l.signature->bind(l.kernel, params->kernelParams);
		exec->plan = plan;
		return cudaSuccess;
	}
	return done(cudaErrorInvalidValue);
}

API cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t *nodes, size_t *n)
{
	ENTER();
	if (nodes != nullptr)
		for (size_t i = 0; i < std::min(*n, graph->nodes.size()); i++)
			nodes[i] = graph->nodes[i].get();
	*n = graph->nodes.size();
	return cudaSuccess;
}

API cudaGraphNodeGetType(cudaGraphNode_t node, cudaGraphNodeType *type)
{
	ENTER();
	*type = type_of(node->work);
	return cudaSuccess;
}

API cudaGraphExecDestroy(cudaGraphExec_t exec)
{
	Call call(__func__);

	if (exec == nullptr)
		return done(cudaErrorInvalidResourceHandle);
	delete exec;
	n_graphs--;
	return done(call.error);
}

API cudaGraphDestroy(cudaGraph_t graph)
{
	Call call(__func__);

	if (graph == nullptr)
		return done(cudaErrorInvalidResourceHandle);
	delete graph;
	handle_made(-1);
	return done(call.error);
}
