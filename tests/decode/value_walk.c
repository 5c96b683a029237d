/* SPDX-License-Identifier: MIT */
/* value_walk.c: walks containers to their last element. */
#include "value_walk.h"

#include "container_vectors.h"

#include <stdlib.h>
#include <string.h>

enum { RECORD_OID = 2249 };

static void *resize(void *ctx, void *old, size_t old_size, size_t new_size)
{
    (void)ctx;
    (void)old_size;
    if (new_size > 0)
        return realloc(old, new_size);
    free(old);
    return NULL;
}

const ww_alloc walk_alloc = {NULL, resize};

/* ---- types ----------------------------------------------------------------------------------- */

static uint16_t make_fields(const vector_type *from, ww_type_field fields[8])
{
    uint16_t n = 0;
    while (n < 8 && from->fields[n] != 0) {
        fields[n].name = ww_slice_of("field");
        fields[n].type_oid = from->fields[n];
        fields[n].typmod = -1;
        n++;
    }
    return n;
}

ww_types *walk_types(void)
{
    ww_types *types = ww_types_open(&walk_alloc, 0);
    size_t i;
    for (i = 0; i < sizeof vector_types / sizeof vector_types[0]; i++) {
        const vector_type *from = &vector_types[i];
        ww_type_field fields[8];
        ww_type type = {0};
        type.oid = from->oid;
        type.element = from->element;
        type.domain_of = from->domain_of;
        type.kind = (uint8_t)from->kind;
        type.delimiter = ',';
        type.nspname = ww_slice_of("vectors");
        type.typname = type.sqlname = ww_slice_of(from->name);
        type.nfields = make_fields(from, fields);
        type.fields = fields;
        if (types == NULL || ww_types_put(types, &type, NULL) != WW_OK)
            abort();
    }
    return types;
}

ww_value walk_value(const ww_types *types, uint32_t oid, uint8_t form, ww_slice bytes)
{
    ww_column col = {bytes, form};
    return ww_value_of(types, oid, &col);
}

/* The built-in types have OIDs up to here. */
enum { LAST_BUILT_IN = 7000 };

uint32_t walk_oid(const ww_types *types, uint32_t n)
{
    uint32_t own = sizeof vector_types / sizeof vector_types[0];
    if (ww_types_find(types, n) != NULL)
        return n;
    if (n % 2 != 0)
        return vector_types[n / 2 % own].oid;
    for (n = n / 2 % LAST_BUILT_IN; ww_types_find(types, n) == NULL; n++)
        if (n > LAST_BUILT_IN)
            n = 0;
    return n;
}

/* ---- text ------------------------------------------------------------------------------------ */

ww_status walk_text(const ww_value *v, ww_out *out, ww_error *err)
{
    memset(out, 0, sizeof *out);
    out->alloc = &walk_alloc;
    return ww_value_put(v, out, err);
}

void walk_free(ww_out *out)
{
    free(out->ptr);
}

static const char *compare_text(const ww_value *a, const ww_value *b)
{
    ww_out x = {0}, y = {0};
    const char *wrong = NULL;
    if (walk_text(a, &x, NULL) != WW_OK || walk_text(b, &y, NULL) != WW_OK)
        wrong = "one has no text";
    else if (x.len != y.len || (x.len > 0 && memcmp(x.ptr, y.ptr, x.len) != 0))
        wrong = "their texts differ";
    walk_free(&x);
    walk_free(&y);
    return wrong;
}

/* ---- comparing ------------------------------------------------------------------------------- */

static const char *compare_arrays(const ww_value *a, const ww_value *b)
{
    ww_array x, y;
    ww_value p, q;
    const char *wrong = NULL;
    bool more;
    uint32_t i;
    if (ww_value_array(a, &x, NULL) != WW_OK || ww_value_array(b, &y, NULL) != WW_OK)
        return "an array is none";
    if (x.ndim != y.ndim || x.count != y.count || x.element_oid != y.element_oid)
        return "arrays of other shape";
    for (i = 0; i < x.ndim; i++)
        if (x.dims[i].len != y.dims[i].len || x.dims[i].lower != y.dims[i].lower)
            return "arrays of other dimensions";
    while (wrong == NULL && (more = ww_array_next(&x, &p)) == ww_array_next(&y, &q) && more)
        wrong = walk_compare(&p, &q);
    return wrong;
}

static const char *compare_composites(const ww_value *a, const ww_value *b)
{
    ww_composite x, y;
    ww_value p, q;
    const char *wrong = NULL;
    bool more;
    if (ww_value_composite(a, &x, NULL) != WW_OK || ww_value_composite(b, &y, NULL) != WW_OK)
        return "a composite is none";
    if (x.count != y.count)
        return x.count == 1 && x.type == NULL ? NULL : "composites of other lengths";
    while (wrong == NULL && (more = ww_composite_next(&x, &p)) == ww_composite_next(&y, &q) && more)
        wrong = walk_compare(&p, &q);
    return wrong;
}

static const char *compare_ranges(const ww_value *a, const ww_value *b)
{
    ww_range x, y;
    const char *wrong;
    if (ww_value_range(a, &x, NULL) != WW_OK || ww_value_range(b, &y, NULL) != WW_OK)
        return "a range is none";
    if (x.empty != y.empty || x.lower_inclusive != y.lower_inclusive ||
        x.upper_inclusive != y.upper_inclusive || x.lower_infinite != y.lower_infinite ||
        x.upper_infinite != y.upper_infinite)
        return "ranges of other flags";
    wrong = walk_compare(&x.lower, &y.lower);
    return wrong != NULL ? wrong : walk_compare(&x.upper, &y.upper);
}

static const char *compare_multiranges(const ww_value *a, const ww_value *b)
{
    ww_multirange x, y;
    ww_value p, q;
    const char *wrong = NULL;
    bool more;
    if (ww_value_multirange(a, &x, NULL) != WW_OK || ww_value_multirange(b, &y, NULL) != WW_OK ||
        x.count != y.count)
        return "multiranges of other lengths";
    while (wrong == NULL && (more = ww_multirange_next(&x, &p)) == ww_multirange_next(&y, &q) &&
           more)
        wrong = walk_compare(&p, &q);
    return wrong;
}

static const char *compare_hstores(const ww_value *a, const ww_value *b)
{
    ww_hstore x, y;
    ww_value k1, v1, k2, v2;
    const char *wrong = NULL;
    if (ww_value_hstore(a, &x, NULL) != WW_OK || ww_value_hstore(b, &y, NULL) != WW_OK ||
        x.count != y.count)
        return "hstores of other lengths";
    while (wrong == NULL && ww_hstore_next(&x, &k1, &v1)) {
        if (!ww_hstore_next(&y, &k2, &v2))
            return "an hstore ends early";
        wrong = walk_compare(&k1, &k2);
        if (wrong == NULL)
            wrong = walk_compare(&v1, &v2);
    }
    return wrong;
}

static unsigned kind_of(const ww_value *v)
{
    return v->type != NULL ? v->type->kind : WW_TYPE_OTHER;
}

const char *walk_compare(const ww_value *a, const ww_value *b)
{
    if (ww_value_is_null(a) || ww_value_is_null(b))
        return ww_value_is_null(a) && ww_value_is_null(b) ? NULL : "one is null";
    if (kind_of(a) != kind_of(b)) /* of a record's text no types are known */
        return compare_text(a, b);
    switch (kind_of(a)) {
    case WW_TYPE_ARRAY:
    case WW_TYPE_VECTOR:
        return compare_arrays(a, b);
    case WW_TYPE_COMPOSITE:
        return compare_composites(a, b);
    case WW_TYPE_RANGE:
        return compare_ranges(a, b);
    case WW_TYPE_MULTIRANGE:
        return compare_multiranges(a, b);
    case WW_TYPE_HSTORE:
        return compare_hstores(a, b);
    default:
        return compare_text(a, b);
    }
}

/* ---- types that changed ---------------------------------------------------------------------- */

static bool array_is_current(const ww_value *v)
{
    ww_array a;
    ww_value element;
    bool current = ww_value_array(v, &a, NULL) == WW_OK;
    while (current && ww_array_next(&a, &element))
        current = walk_is_current(&element);
    return current;
}

static bool composite_is_current(const ww_value *v)
{
    ww_composite c;
    ww_value field;
    bool current = ww_value_composite(v, &c, NULL) == WW_OK;
    if (v->type_oid != RECORD_OID && c.count != v->type->nfields)
        return false;
    while (current && ww_composite_next(&c, &field))
        current = walk_is_current(&field) &&
                  (c.type == NULL || field.type_oid == c.type->fields[c.index - 1].type_oid);
    return current;
}

static bool multirange_is_current(const ww_value *v)
{
    ww_multirange m;
    ww_value range;
    bool current = ww_value_multirange(v, &m, NULL) == WW_OK;
    while (current && ww_multirange_next(&m, &range))
        current = walk_is_current(&range);
    return current;
}

static bool range_is_current(const ww_value *v)
{
    ww_range r;
    return ww_value_range(v, &r, NULL) == WW_OK && walk_is_current(&r.lower) &&
           walk_is_current(&r.upper);
}

bool walk_is_current(const ww_value *v)
{
    if (ww_value_is_null(v))
        return true;
    switch (kind_of(v)) {
    case WW_TYPE_ARRAY:
        return array_is_current(v);
    case WW_TYPE_COMPOSITE:
        return composite_is_current(v);
    case WW_TYPE_RANGE:
        return range_is_current(v);
    case WW_TYPE_MULTIRANGE:
        return multirange_is_current(v);
    default:
        return true;
    }
}

/* ---- bounds ---------------------------------------------------------------------------------- */

static const char *element_inside(const ww_value *v, const ww_value *element)
{
    if (element->depth != v->depth + 1)
        return "an element's depth is not its container's and one";
    if (ww_value_is_null(element))
        return element->bytes.len == 0 ? NULL : "a null has bytes";
    if (element->form != v->form)
        return "an element is of another form";
    if (element->bytes.ptr < v->bytes.ptr ||
        element->bytes.ptr + element->bytes.len > v->bytes.ptr + v->bytes.len)
        return "an element lies outside of its container";
    return walk_inside(element);
}

static const char *array_inside(const ww_value *v)
{
    ww_array a;
    ww_value element;
    const char *wrong = NULL;
    uint32_t n = 0;
    if (ww_value_array(v, &a, NULL) != WW_OK)
        return "an array was checked and cannot be walked";
    while (wrong == NULL && ww_array_next(&a, &element)) {
        wrong = element_inside(v, &element);
        n++;
    }
    return wrong == NULL && n != a.count ? "an array has other elements than it says" : wrong;
}

static const char *composite_inside(const ww_value *v)
{
    ww_composite c;
    ww_value field;
    const char *wrong = NULL;
    uint32_t n = 0;
    if (ww_value_composite(v, &c, NULL) != WW_OK)
        return "a composite was checked and cannot be walked";
    while (wrong == NULL && ww_composite_next(&c, &field)) {
        wrong = element_inside(v, &field);
        n++;
    }
    return wrong == NULL && n != c.count ? "a composite has other fields than it says" : wrong;
}

static const char *range_inside(const ww_value *v)
{
    ww_range r;
    const char *wrong;
    if (ww_value_range(v, &r, NULL) != WW_OK)
        return "a range was checked and cannot be walked";
    if (ww_value_is_null(&r.lower) != (r.empty || r.lower_infinite) ||
        ww_value_is_null(&r.upper) != (r.empty || r.upper_infinite))
        return "a bound is there that is not, or the other way round";
    wrong = element_inside(v, &r.lower);
    return wrong != NULL ? wrong : element_inside(v, &r.upper);
}

static const char *multirange_inside(const ww_value *v)
{
    ww_multirange m;
    ww_value range;
    const char *wrong = NULL;
    if (ww_value_multirange(v, &m, NULL) != WW_OK)
        return "a multirange was checked and cannot be walked";
    while (wrong == NULL && ww_multirange_next(&m, &range))
        wrong = element_inside(v, &range);
    return wrong;
}

static const char *hstore_inside(const ww_value *v)
{
    ww_hstore h;
    ww_value key, value;
    const char *wrong = NULL;
    if (ww_value_hstore(v, &h, NULL) != WW_OK)
        return "an hstore was checked and cannot be walked";
    while (wrong == NULL && ww_hstore_next(&h, &key, &value)) {
        wrong = element_inside(v, &key);
        if (wrong == NULL)
            wrong = element_inside(v, &value);
    }
    return wrong;
}

const char *walk_inside(const ww_value *v)
{
    switch (kind_of(v)) {
    case WW_TYPE_ARRAY:
    case WW_TYPE_VECTOR:
        return array_inside(v);
    case WW_TYPE_COMPOSITE:
        return composite_inside(v);
    case WW_TYPE_RANGE:
        return range_inside(v);
    case WW_TYPE_MULTIRANGE:
        return multirange_inside(v);
    case WW_TYPE_HSTORE:
        return hstore_inside(v);
    default:
        return NULL;
    }
}
