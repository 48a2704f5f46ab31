/* SPDX-License-Identifier: Apache-2.0 */
/* emu_launch.h - launches that know the types of a kernel's parameters. */
#ifndef EMU_LAUNCH_H
#define EMU_LAUNCH_H

namespace emu {

/* How a kernel is called with parameters that are known as void ** only: graphs change them later. */
struct Signature {
	unsigned n;
	std::function<void()> (*bind)(const void *kernel, void **arguments);
	void (*pointers)(void **arguments, void (*each)(void *user, unsigned index, const void *pointer), void *user);
};

struct Launch {
	dim3 grid, block;
	size_t shared;
	cudaStream_t stream;
	bool whole, early;
	const void *kernel;
	const Signature *signature;
};

cudaError_t submit(const Launch &launch, void **arguments);
cudaError_t launch_attributes(Launch &launch, const cudaLaunchAttribute *attributes, unsigned n);

#ifndef EMU_NO_TEMPLATES
template <class... P> struct Typed {
	template <size_t... I> static std::function<void()> bind_each(const void *kernel, void **a, std::index_sequence<I...>)
	{
		auto k = reinterpret_cast<void (*)(P...)>(const_cast<void *>(kernel));
		std::tuple<std::remove_cv_t<P>...> copy(*static_cast<std::remove_cv_t<P> *>(a[I])...);

		(void)a;
		return [k, copy] { std::apply(k, copy); };
	}
	static std::function<void()> bind(const void *kernel, void **a) { return bind_each(kernel, a, std::index_sequence_for<P...>{}); }
	static void pointers(void **a, void (*each)(void *, unsigned, const void *), void *user)
	{
		unsigned i = 0;

		([&] {
			if constexpr (std::is_pointer_v<std::remove_cv_t<P>>)
				each(user, i, *static_cast<const void *const *>(a[i]));
			i++;
		}(), ...);
		(void)a, (void)each, (void)user;
	}
	static constexpr Signature signature = {sizeof...(P), bind, pointers};
};

template <class... P, class... A> cudaError_t launch(Launch l, void (*kernel)(P...), A &&...a)
{
	std::tuple<std::remove_cv_t<P>...> values(static_cast<P>(std::forward<A>(a))...);
	void *arguments[sizeof...(P) + 1] = {};
	unsigned n = 0;

	std::apply([&](auto &...v) { ((arguments[n++] = &v), ...); }, values);
	l.kernel = reinterpret_cast<const void *>(kernel);
	l.signature = &Typed<P...>::signature;
	return submit(l, arguments);
}
#endif

}  // namespace emu

#ifndef EMU_NO_TEMPLATES

template <class... P, class... A>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t *c, void (*kernel)(P...), A &&...a)
{
	emu::Launch l = {c->gridDim, c->blockDim, c->dynamicSmemBytes, c->stream, false, false, nullptr, nullptr};

	if (cudaError_t e = emu::launch_attributes(l, c->attrs, c->numAttrs))
		return e;
	return emu::launch(l, kernel, std::forward<A>(a)...);
}

template <class... P>
cudaError_t cudaLaunchKernel(void (*kernel)(P...), dim3 grid, dim3 block, void **arguments, size_t shared = 0, cudaStream_t stream = nullptr)
{
	return emu::submit({grid, block, shared, stream, false, false, reinterpret_cast<const void *>(kernel), &emu::Typed<P...>::signature}, arguments);
}

template <class... P>
cudaError_t cudaLaunchCooperativeKernel(void (*kernel)(P...), dim3 grid, dim3 block, void **arguments, size_t shared = 0, cudaStream_t stream = nullptr)
{
	return emu::submit({grid, block, shared, stream, true, false, reinterpret_cast<const void *>(kernel), &emu::Typed<P...>::signature}, arguments);
}

/* Templates that cuda_runtime.h keeps for nvcc. */
template <class R, class... P> cudaError_t cudaFuncSetAttribute(R (*f)(P...), cudaFuncAttribute a, int v)
{
	return ::cudaFuncSetAttribute(reinterpret_cast<const void *>(f), a, v);
}
template <class R, class... P> cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *a, R (*f)(P...))
{
	return ::cudaFuncGetAttributes(a, reinterpret_cast<const void *>(f));
}
template <class R, class... P>
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *n, R (*f)(P...), int threads, size_t shared)
{
	return ::cudaOccupancyMaxActiveBlocksPerMultiprocessor(n, reinterpret_cast<const void *>(f), threads, shared);
}

#endif

#endif
