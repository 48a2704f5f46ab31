# kernels - engines
