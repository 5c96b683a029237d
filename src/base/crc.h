/* SPDX-License-Identifier: MIT */
/* crc.h: CRC-32C (Castagnoli), the checksum PostgreSQL's own files use. */
#ifndef WALWIRE_BASE_CRC_H
#define WALWIRE_BASE_CRC_H

#include <walwire/base.h>

/* The checksum of what gave `crc` (0 for nothing) followed by these bytes. */
uint32_t ww__crc32c(uint32_t crc, const void *bytes, size_t len);

#endif
