package postgres

import (
	"testing"

	"github.com/jackc/pgx/v5/pgtype"
	"pgregory.net/rapid"
)

// TestColumnsAsTheLibraryEncodes holds the encoder of columns to the bytes of the library's own.
func TestColumnsAsTheLibraryEncodes(t *testing.T) {
	plain := pgtype.NewMap()
	columns := pgtype.NewMap()
	useTypes(columns)
	rapid.Check(t, func(t *rapid.T) {
		for oid, value := range map[uint32]any{
			pgtype.TextArrayOID:  rapid.SliceOf(rapid.String()).Draw(t, "texts"),
			pgtype.ByteaArrayOID: rapid.SliceOf(rapid.OneOf(rapid.SliceOf(rapid.Byte()), rapid.Just([]byte(nil)))).Draw(t, "bytes"),
			pgtype.Int8ArrayOID:  rapid.SliceOf(rapid.Int64()).Draw(t, "numbers"),
			pgtype.Int4ArrayOID:  rapid.SliceOf(rapid.Int32()).Draw(t, "small numbers"),
			pgtype.BoolArrayOID:  rapid.SliceOf(rapid.Bool()).Draw(t, "flags"),
		} {
			before := []byte("before")
			want, err := plain.Encode(oid, pgtype.BinaryFormatCode, value, before[:len(before):len(before)])
			if err != nil {
				t.Fatal(err)
			}
			got, err := columns.Encode(oid, pgtype.BinaryFormatCode, value, before[:len(before):len(before)])
			if err != nil || string(got) != string(want) {
				t.Fatalf("%d %v: %x and not %x, %v", oid, value, got, want, err)
			}
		}
	})
}
