/* SPDX-License-Identifier: MIT */
/* resume.c: the rules of going on in a file. */
#include "resume.h"

static const char no_position[] =
    "the file is not empty, and there is no position beside it that says how far it counts; give "
    "another file, or with --init go on behind its end";
static const char unreadable[] =
    "the position beside this file cannot be read; with --init walwire goes on behind the file's "
    "end, where the slot stands";
static const char too_short[] =
    "the file is shorter than its position says: part of it is missing; put it back, or with "
    "--init go on behind its end";
static const char another[] =
    "the file is not empty, and not the one that its position is of; put that one back, or with "
    "--init go on behind this one's end";

static const char longer[] =
    "the file is not the one that its position is of, and goes on behind where that ends: nothing "
    "in it is cut; put the right one back, or with --init go on behind this one's end";
static const char no_line_end[] =
    "where the file should end whole by its position no line ends: it is another one, or was "
    "changed; put the right one back, or with --init go on behind this one's end";

/* A file of another inode that is as long as it should be may be a copy that was put back. Device
 * numbers may change when the system starts: what we left behind the offset is no reason to stop
 * then. */
static const char *misfit(const ww__found_file *file, const ww__kept *kept, bool same)
{
    if (same && file->size < kept->offset)
        return too_short;
    if (!same && file->size == 0)
        return NULL;
    if (!same && (kept->offset == 0 || file->size < kept->offset))
        return another;
    if (file->inode != kept->inode && file->size > kept->offset)
        return longer;
    return file->torn ? no_line_end : NULL;
}

ww__resume ww__resume_in(const ww__found_file *file, ww_status found, const ww__kept *kept)
{
    ww__resume r = {NULL, 0, false};
    bool same;
    if (found != WW_OK) {
        r.gap = found != WW_END ? unreadable : file->size > 0 ? no_position : NULL;
        return r;
    }
    same = !file->created && file->device == kept->device && file->inode == kept->inode;
    r.gap = misfit(file, kept, same);
    r.rotated = !same && file->size == 0 && kept->offset > 0;
    r.offset = r.rotated || r.gap != NULL ? 0 : kept->offset;
    return r;
}
