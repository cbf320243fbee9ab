// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A driver that leaks on purpose. Writing N to /proc/leakydrv carries out N requests. Each allocates one object from the
 * driver's own slab cache, "leakydrv", and frees it, except that every leak_every-th request does not free it.
 * With leak_every=0 nothing leaks: the same driver without the bug.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#define OBJECT_SIZE 200

static unsigned int leak_every = 10;
module_param(leak_every, uint, 0644);
MODULE_PARM_DESC(leak_every, "every n-th request leaks one object; 0: none does");

static struct kmem_cache *objects;
static unsigned long requests;
static unsigned long leaked;
static DEFINE_MUTEX(one_at_a_time);

static int carry_out_request(void)
{
	void *object = kmem_cache_alloc(objects, GFP_KERNEL);

	if (!object)
		return -ENOMEM;
	requests++;
	if (leak_every && requests % leak_every == 0)
		leaked++;
	else
		kmem_cache_free(objects, object);
	return 0;
}

static ssize_t leakydrv_write(struct file *file, const char __user *text, size_t length, loff_t *offset)
{
	unsigned long count;
	int error = kstrtoul_from_user(text, length, 10, &count);

	if (error)
		return error;
	mutex_lock(&one_at_a_time);
	while (count-- && !error)
		error = carry_out_request();
	mutex_unlock(&one_at_a_time);
	return error ? error : length;
}

static ssize_t leakydrv_read(struct file *file, char __user *text, size_t length, loff_t *offset)
{
	char line[64];
	int size = scnprintf(line, sizeof(line), "requests %lu leaked %lu\n", requests, leaked);

	return simple_read_from_buffer(text, length, offset, line, size);
}

static const struct proc_ops operations = {
	.proc_read = leakydrv_read,
	.proc_write = leakydrv_write,
};

/* Does nothing, but SLUB does not merge a cache that has a constructor with others of its size (mm/slab_common.c,
 * slab_unmergeable), so that the leak has a name of its own on any kernel. */
static void construct(void *object)
{
}

static int __init leakydrv_init(void)
{
	objects = kmem_cache_create("leakydrv", OBJECT_SIZE, 0, 0, construct);
	if (!objects)
		return -ENOMEM;
	if (!proc_create("leakydrv", 0600, NULL, &operations)) {
		kmem_cache_destroy(objects);
		return -ENOMEM;
	}
	return 0;
}
module_init(leakydrv_init);

/* The bug again: leaked objects cannot be freed, but the cache is destroyed nevertheless. */
static void __exit leakydrv_exit(void)
{
	remove_proc_entry("leakydrv", NULL);
	kmem_cache_destroy(objects);
}
module_exit(leakydrv_exit);

MODULE_DESCRIPTION("leaks on purpose");
MODULE_LICENSE("Dual MIT/GPL");
