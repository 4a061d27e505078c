package postgres

import (
	"encoding/binary"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// useColumns makes a connection write the columns of a group, which are parameters such as $1::text[], in
// one pass into one buffer. The library's own codec boxes each element and grows the buffer as it goes,
// which was a third of the memory that an append allocated.
func useColumns(conn *pgx.Conn) { useTypes(conn.TypeMap()) }

func useTypes(types *pgtype.Map) {
	for _, oid := range []uint32{
		pgtype.TextArrayOID, pgtype.ByteaArrayOID, pgtype.Int8ArrayOID, pgtype.Int4ArrayOID, pgtype.BoolArrayOID,
	} {
		known, _ := types.TypeForOID(oid)
		array := known.Codec.(*pgtype.ArrayCodec) //nolint:forcetypeassert // the library's types of these five
		types.RegisterType(&pgtype.Type{Name: known.Name, OID: oid, Codec: columnCodec{ArrayCodec: array}})
	}
}

// columnCodec encodes the slices that the statements of this package pass, and leaves all else to the
// library.
type columnCodec struct{ *pgtype.ArrayCodec }

// PlanEncode returns how a slice is encoded.
func (c columnCodec) PlanEncode(types *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	if format == pgtype.BinaryFormatCode {
		element := c.ElementType.OID
		switch value.(type) {
		case []string:
			return columnPlan[string]{element, func(s string) int { return len(s) }, func(buf []byte, s string) []byte { return append(buf, s...) }}
		case [][]byte:
			return columnPlan[[]byte]{element, func(b []byte) int {
				if b == nil {
					return isNull
				}
				return len(b)
			}, func(buf, b []byte) []byte { return append(buf, b...) }}
		case []int64:
			return columnPlan[int64]{element, func(int64) int { return 8 }, func(buf []byte, n int64) []byte {
				return binary.BigEndian.AppendUint64(buf, uint64(n)) //nolint:gosec // the same bits
			}}
		case []int32:
			return columnPlan[int32]{element, func(int32) int { return 4 }, func(buf []byte, n int32) []byte {
				return binary.BigEndian.AppendUint32(buf, uint32(n)) //nolint:gosec // the same bits
			}}
		case []bool:
			return columnPlan[bool]{element, func(bool) int { return 1 }, func(buf []byte, is bool) []byte {
				if is {
					return append(buf, 1)
				}
				return append(buf, 0)
			}}
		}
	}
	return c.ArrayCodec.PlanEncode(types, oid, format, value)
}

// columnPlan encodes a slice as a one-dimensional array.
type columnPlan[T any] struct {
	element uint32
	// size returns the length of an element, or isNull.
	size  func(T) int
	write func(buf []byte, one T) []byte
}

// Sizes in the binary form of an array: its header, and the length before each element.
const (
	columnHeader  = 5 * 4
	elementHeader = 4
	// isNull stands for the length of NULL.
	isNull = -1
)

// Encode appends the array to buf.
func (p columnPlan[T]) Encode(value any, buf []byte) ([]byte, error) {
	column := value.([]T) //nolint:forcetypeassert // PlanEncode saw this type
	size, nulls := columnHeader, uint32(0)
	for _, one := range column {
		size += elementHeader + max(p.size(one), 0)
		if p.size(one) == isNull {
			nulls = 1
		}
	}
	buf = slices.Grow(buf, size)
	word := func(n uint32) { buf = binary.BigEndian.AppendUint32(buf, n) }
	word(1) // dimension
	word(nulls)
	word(p.element)
	word(uint32(len(column))) //nolint:gosec // a group's rows
	word(1)                   // the index of the first element
	for _, one := range column {
		word(uint32(p.size(one))) //nolint:gosec // a value that PostgreSQL can hold
		buf = p.write(buf, one)
	}
	return buf, nil
}
