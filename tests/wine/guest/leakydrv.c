// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A driver that leaks on purpose, and counts its own allocations, since Wine does not. A request allocates 2048 bytes
 * of nonpaged and 512 bytes of paged pool and frees both, except that every LeakEvery-th request does not free the first.
 * Both are less than a page, because Driver Verifier's pool tracking ignores allocations of a page and more.
 *
 * Values below the service's key:
 *   LeakEvery  every n-th request leaks; 0, or no such value: none does, as in the same driver without the bug
 *   LeakTag    the tag of the leaking allocations, as its four bytes lie in memory; "Leak" if there is no such value
 */
#include <ntddk.h>

#include "leakydrv.h"

#define LEAK_TAG 'kaeL'
#define BALANCED_TAG 'dooG'
#define LEAK_SIZE 2048
#define BALANCED_SIZE 512
#define MOST_TAGS 8

static ULONG leak_every;
static ULONG leak_tag = LEAK_TAG;
static ULONG requests;

static struct pool_tag tags[MOST_TAGS];
static ULONG tag_count;
static KSPIN_LOCK counting;

static UNICODE_STRING device_name = RTL_CONSTANT_STRING(L"\\Device\\leakydrv");
static UNICODE_STRING link_name = RTL_CONSTANT_STRING(L"\\DosDevices\\leakydrv");

/* The row of `tag`. There is room for all the tags of this file. */
static struct pool_tag *row(ULONG tag)
{
	ULONG at;

	for (at = 0; at < tag_count && tags[at].tag != tag; at++)
		;
	if (at == tag_count)
		tags[tag_count++].tag = tag;
	return &tags[at];
}

static void *allocate(POOL_TYPE pool, SIZE_T size, ULONG tag)
{
	void *object = ExAllocatePoolWithTag(pool, size, tag);
	struct pool_tag *counted;
	KIRQL irql;

	if (!object)
		return NULL;
	KeAcquireSpinLock(&counting, &irql);
	counted = row(tag);
	if (pool == PagedPool) {
		counted->paged_allocs++;
		counted->paged_used += size;
	} else {
		counted->nonpaged_allocs++;
		counted->nonpaged_used += size;
	}
	KeReleaseSpinLock(&counting, irql);
	return object;
}

static void release(void *object, POOL_TYPE pool, SIZE_T size, ULONG tag)
{
	struct pool_tag *counted;
	KIRQL irql;

	if (!object)
		return;
	KeAcquireSpinLock(&counting, &irql);
	counted = row(tag);
	if (pool == PagedPool) {
		counted->paged_frees++;
		counted->paged_used -= size;
	} else {
		counted->nonpaged_frees++;
		counted->nonpaged_used -= size;
	}
	KeReleaseSpinLock(&counting, irql);
	ExFreePoolWithTag(object, tag);
}

static NTSTATUS carry_out_request(void)
{
	void *leaky = allocate(NonPagedPool, LEAK_SIZE, leak_tag);
	void *balanced = allocate(PagedPool, BALANCED_SIZE, BALANCED_TAG);
	NTSTATUS status = leaky && balanced ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;

	requests++;
	release(balanced, PagedPool, BALANCED_SIZE, BALANCED_TAG);
	if (leak_every == 0 || requests % leak_every != 0)
		release(leaky, NonPagedPool, LEAK_SIZE, leak_tag);
	return status;
}

static NTSTATUS carry_out_requests(const ULONG *count, ULONG size)
{
	NTSTATUS status = STATUS_SUCCESS;
	ULONG left;

	if (size != sizeof(*count))
		return STATUS_INVALID_PARAMETER;
	for (left = *count; left > 0 && NT_SUCCESS(status); left--)
		status = carry_out_request();
	return status;
}

static NTSTATUS copy_tags(struct pool_tag *to, ULONG size, ULONG_PTR *written)
{
	KIRQL irql;

	if (size < sizeof(tags))
		return STATUS_BUFFER_TOO_SMALL;
	KeAcquireSpinLock(&counting, &irql);
	RtlCopyMemory(to, tags, tag_count * sizeof(tags[0]));
	*written = tag_count * sizeof(tags[0]);
	KeReleaseSpinLock(&counting, irql);
	return STATUS_SUCCESS;
}

static NTSTATUS complete(IRP *irp, NTSTATUS status, ULONG_PTR written)
{
	irp->IoStatus.Status = status;
	irp->IoStatus.Information = written;
	IoCompleteRequest(irp, IO_NO_INCREMENT);
	return status;
}

static NTSTATUS NTAPI open_or_close(DEVICE_OBJECT *device, IRP *irp)
{
	return complete(irp, STATUS_SUCCESS, 0);
}

static NTSTATUS NTAPI control(DEVICE_OBJECT *device, IRP *irp)
{
	IO_STACK_LOCATION *stack = IoGetCurrentIrpStackLocation(irp);
	void *buffer = irp->AssociatedIrp.SystemBuffer;
	ULONG in = stack->Parameters.DeviceIoControl.InputBufferLength;
	ULONG out = stack->Parameters.DeviceIoControl.OutputBufferLength;
	NTSTATUS status = STATUS_INVALID_DEVICE_REQUEST;
	ULONG_PTR written = 0;

	switch (stack->Parameters.DeviceIoControl.IoControlCode) {
	case IOCTL_LEAKYDRV_REQUESTS:
		status = carry_out_requests(buffer, in);
		break;
	case IOCTL_LEAKYDRV_POOL_TAGS:
		status = copy_tags(buffer, out, &written);
		break;
	}
	return complete(irp, status, written);
}

/* Leaked memory stays leaked, as on any Windows, but its counts are gone. */
static void NTAPI unload(DRIVER_OBJECT *driver)
{
	IoDeleteSymbolicLink(&link_name);
	IoDeleteDevice(driver->DeviceObject);
}

/* Ignores a value of another type or length: it would be written past the variable. */
static void read_dword(HANDLE key, const WCHAR *name, ULONG *value)
{
	union {
		KEY_VALUE_PARTIAL_INFORMATION information;
		UCHAR bytes[sizeof(KEY_VALUE_PARTIAL_INFORMATION) + sizeof(ULONG)];
	} found;
	UNICODE_STRING wanted;
	ULONG length;
	NTSTATUS status;

	RtlInitUnicodeString(&wanted, name);
	status = ZwQueryValueKey(key, &wanted, KeyValuePartialInformation, &found, sizeof(found), &length);
	if (NT_SUCCESS(status) && found.information.Type == REG_DWORD && found.information.DataLength == sizeof(ULONG))
		RtlCopyMemory(value, found.information.Data, sizeof(ULONG));
}

static NTSTATUS read_parameters(UNICODE_STRING *service)
{
	OBJECT_ATTRIBUTES attributes;
	HANDLE key;
	NTSTATUS status;

	InitializeObjectAttributes(&attributes, service, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
	status = ZwOpenKey(&key, KEY_READ, &attributes);
	if (!NT_SUCCESS(status))
		return status;
	read_dword(key, L"LeakEvery", &leak_every);
	read_dword(key, L"LeakTag", &leak_tag);
	ZwClose(key);
	return STATUS_SUCCESS;
}

NTSTATUS NTAPI DriverEntry(DRIVER_OBJECT *driver, UNICODE_STRING *service)
{
	DEVICE_OBJECT *device;
	NTSTATUS status;

	KeInitializeSpinLock(&counting);
	status = read_parameters(service);
	if (!NT_SUCCESS(status))
		return status;
	status = IoCreateDevice(driver, 0, &device_name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
	if (!NT_SUCCESS(status))
		return status;
	status = IoCreateSymbolicLink(&link_name, &device_name);
	if (!NT_SUCCESS(status)) {
		IoDeleteDevice(device);
		return status;
	}
	driver->MajorFunction[IRP_MJ_CREATE] = open_or_close;
	driver->MajorFunction[IRP_MJ_CLOSE] = open_or_close;
	driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = control;
	driver->DriverUnload = unload;
	device->Flags &= ~DO_DEVICE_INITIALIZING;
	return STATUS_SUCCESS;
}
