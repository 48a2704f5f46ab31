// SPDX-License-Identifier: Apache-2.0
// names.cpp - the names of kernels, from the symbol table of the program that holds them, and
// how often each ran. With EMU_KERNELS=FILE each name is added to the file when it first runs: counting does not do.
#include "look.h"

#include <cxxabi.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace emu {

struct Ran {
	const void *kernel;
	std::string name;
	uint64_t runs, bytes;
	size_t shared;          /* bytes of its __shared__ arrays */
	bool told;              /* EMU_KERNELS has it */
};
static std::vector<Ran> &ran = *new std::vector<Ran>;

struct Place {
	uintptr_t address, base;
	std::string file;
};

static int holds(struct dl_phdr_info *info, size_t, void *user)
{
	Place *place = static_cast<Place *>(user);

	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) &p = info->dlpi_phdr[i];
		uintptr_t begin = info->dlpi_addr + p.p_vaddr;

		if (p.p_type != PT_LOAD || place->address < begin || place->address >= begin + p.p_memsz)
			continue;
		place->base = info->dlpi_addr;
		place->file = info->dlpi_name[0] != '\0' ? info->dlpi_name : "/proc/self/exe";
		return 1;
	}
	return 0;
}

/* A kernel as the symbol table has it. */
struct Symbol {
	std::string name;
	size_t shared;
};

/* Static arrays of a function are named after it: _ZZ, what follows _Z in its own name, E, theirs. Each begins at a
 * multiple of 16 at most. */
static size_t shared_of(const Elf64_Sym *symbols, size_t n, const char *strings, const std::string &function)
{
	const std::string prefix = "_ZZ" + function.substr(2) + "E";
	size_t bytes = 0;

	for (size_t k = 0; k < n; k++)
		if (ELF64_ST_TYPE(symbols[k].st_info) == STT_OBJECT && strncmp(strings + symbols[k].st_name, prefix.c_str(), prefix.size()) == 0)
			bytes += (symbols[k].st_size + 15) & ~size_t(15);
	return bytes;
}

static Symbol symbol_in(const char *data, uintptr_t value)
{
	const Elf64_Ehdr *head = reinterpret_cast<const Elf64_Ehdr *>(data);
	const Elf64_Shdr *sections = reinterpret_cast<const Elf64_Shdr *>(data + head->e_shoff);

	for (unsigned i = 0; i < head->e_shnum; i++) {
		if (sections[i].sh_type != SHT_SYMTAB)
			continue;
		const Elf64_Sym *symbols = reinterpret_cast<const Elf64_Sym *>(data + sections[i].sh_offset);
		const char *strings = data + sections[sections[i].sh_link].sh_offset;

		size_t n = sections[i].sh_size / sizeof *symbols;

		for (size_t k = 0; k < n; k++)
			if (symbols[k].st_value == value && ELF64_ST_TYPE(symbols[k].st_info) == STT_FUNC)
				return {strings + symbols[k].st_name, shared_of(symbols, n, strings, strings + symbols[k].st_name)};
	}
	return {"", 0};
}

static Symbol symbol(const void *kernel)
{
	Place place = {reinterpret_cast<uintptr_t>(kernel), 0, ""};
	struct stat st;
	Symbol found = {"", 0};
	int file;

	if (dl_iterate_phdr(holds, &place) == 0 || (file = open(place.file.c_str(), O_RDONLY | O_CLOEXEC)) < 0)
		return found;
	if (fstat(file, &st) == 0) {
		void *data = mmap(nullptr, size_t(st.st_size), PROT_READ, MAP_PRIVATE, file, 0);

		if (data != MAP_FAILED) {
			found = symbol_in(static_cast<const char *>(data), place.address - place.base);
			munmap(data, size_t(st.st_size));
		}
	}
	close(file);
	return found;
}

/* "void (anonymous namespace)::gemv<float, 4>(int)" becomes "gemv<float, 4>". */
static std::string plain(const std::string &mangled)
{
	int status = 0;
	char *text = abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status);
	std::string s = text != nullptr ? text : mangled;
	const std::string anonymous = "(anonymous namespace)::";
	size_t at, depth = 0;

	free(text);
	while ((at = s.find(anonymous)) != std::string::npos)
		s.erase(at, anonymous.size());
	if (s.compare(0, 5, "void ") == 0)
		s.erase(0, 5);
	for (at = 0; at < s.size(); at++) {
		if (s[at] == '<')
			depth++;
		else if (s[at] == '>')
			depth--;
		else if (s[at] == '(' && depth == 0)
			break;
	}
	return s.substr(0, at);
}

static void tell_file(const std::string &name)
{
	const char *path = getenv("EMU_KERNELS");
	int file = path != nullptr ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;
	std::string line = name + "\n";

	if (file < 0)
		return;
	if (write(file, line.data(), line.size()) != ssize_t(line.size()))
		misuse("EMU_KERNELS: cannot write %s", path);
	close(file);
}

static Ran &entry(const void *kernel, const char *name)
{
	for (Ran &r : ran)
		if (kernel != nullptr ? r.kernel == kernel : r.kernel == nullptr && r.name == name)
			return r;
	Symbol its = kernel != nullptr ? symbol(kernel) : Symbol{"", 0};

	ran.push_back({kernel, kernel != nullptr ? plain(its.name) : name, 0, 0, its.shared, false});
	if (kernel != nullptr && ran.back().name.empty())
		misuse("the kernel at %p has no name: is the program stripped?", kernel);
	return ran.back();
}

const char *kernel_name(const void *kernel) { return entry(kernel, nullptr).name.c_str(); }
size_t static_shared(const void *kernel) { return entry(kernel, nullptr).shared; }

void count_kernel(const void *kernel, const char *name, uint64_t bytes)
{
	Ran &r = entry(kernel, name);

	r.runs++;
	r.bytes += bytes;
	counts.kernels++;
	counts.stated_bytes += bytes;
}

void tell_that_it_ran(const void *kernel)
{
	Ran &r = entry(kernel, nullptr);

	if (!r.told)
		tell_file(r.name);
	r.told = true;
}

}  // namespace emu

using namespace emu;

uint64_t emu_kernel_runs(const char *name)
{
	uint64_t n = 0;

	if (name == nullptr)
		return counts.kernels;
	for (const Ran &r : ran)
		if (r.name == name || r.name.substr(0, r.name.find('<')) == name)
			n += r.runs;
	return n;
}

size_t emu_kernels_met(void)
{
	size_t n = 0;

	for (const Ran &r : ran)
		n += r.kernel != nullptr;
	return n;
}

void emu_each_kernel(void (*each)(void *, const char *, uint64_t, uint64_t), void *user)
{
	for (const Ran &r : ran)
		if (r.runs != 0)
			each(user, r.name.c_str(), r.runs, r.bytes);
}

void emu_counts_reset(void)
{
	uint64_t live = counts.live_bytes;

	memset(&counts, 0, sizeof counts);
	counts.live_bytes = counts.peak_bytes = live;
	for (Ran &r : ran)
		r.runs = r.bytes = 0;
	forget_looks();
}
