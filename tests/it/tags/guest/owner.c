// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A driver with tags in every form of code and data. Tests scan it, and never load it. A character constant has its
 * first byte in memory last, so tags are written backwards.
 */
#include <ntifs.h>

static LOOKASIDE_LIST_EX list;
static NPAGED_LOOKASIDE_LIST old_list;

/* A tag for an allocation, and a tag for a free. */
__declspec(noinline) void *direct(SIZE_T size)
{
	return ExAllocatePoolWithTag(NonPagedPool, size, 'riDA');
}

__declspec(noinline) void give_back(void *memory)
{
	ExFreePoolWithTag(memory, 'erFB');
}

/* A jump chooses one of two tags. */
__declspec(noinline) void *either(SIZE_T size, int which)
{
	ULONG tag = which > 3 ? '1iEC' : '2iEC';

	return ExAllocatePoolWithTag(PagedPool, size, tag);
}

/* The driver allocates through a function of its own. */
__declspec(noinline) void *wrapper(SIZE_T size, ULONG flags, ULONG tag)
{
	if (flags & 4)
		size += 16;
	return ExAllocatePoolWithTag((flags & 1) ? PagedPool : NonPagedPool, size, tag);
}

/* Many calls keep the routine's address and the tag in registers. */
__declspec(noinline) void many(void **memory)
{
	memory[0] = ExAllocatePoolWithQuotaTag(NonPagedPool, 8, 'ynME');
	memory[1] = ExAllocatePoolWithQuotaTag(NonPagedPool, 16, 'ynME');
	memory[2] = ExAllocatePoolWithQuotaTag(NonPagedPool, 24, 'ynME');
	memory[3] = ExAllocatePoolWithQuotaTag(NonPagedPool, 32, 'ynME');
}

/* The tag is the sixth or seventh argument, on the stack. */
__declspec(noinline) void lists(void)
{
	ExInitializeNPagedLookasideList(&old_list, NULL, NULL, 0, 64, '1kLF', 0);
	ExInitializeLookasideListEx(&list, NULL, NULL, NonPagedPool, 0, 64, '2kLG', 0);
}

/* A signature that only looks like a tag. */
__declspec(noinline) int is_signed(const ULONG *memory)
{
	return *memory == 'giSH';
}

/* A tail call. */
__declspec(noinline) void *last(SIZE_T size)
{
	return ExAllocatePoolWithTag(PagedPool, size + 1, 'tsLI');
}

/* A tag in a variable, which may change later. */
volatile ULONG variable = 'raVM';

__declspec(noinline) void *by_variable(SIZE_T size)
{
	return ExAllocatePoolWithTag(PagedPool, size, variable);
}

/* A tag in data. */
volatile const char data[] = "JDat";
ULONG in_table[] = { 1, 'bTKK', 2 };

DRIVER_INITIALIZE DriverEntry;
NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path)
{
	void *memory[8];

	(void)path;
	memory[4] = direct(8);
	memory[5] = either(8, *(int *)driver);
	memory[6] = wrapper(8, *(ULONG *)driver, 'rwPD');
	memory[7] = last(*(SIZE_T *)driver);
	memory[3] = by_variable(8);
	many(memory);
	lists();
	give_back(memory[4]);
	return is_signed(memory[5]) + data[0] + in_table[*(int *)driver & 1];
}
