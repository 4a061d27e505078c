package statement

import (
	"reflect"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"koppi.internal/pkg/journal"
)

var dialect = Dialect{Columns: "subject", Parameter: func(n int) string { return "$" + strconv.Itoa(n) }, Position: "strpos"}

// A statement that was kept for a query of the same shape is the one that would be built for this query: no filter
// is left out, and no value of another query's is in it.
func TestKeptStatements(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kept := NewWorklist(dialect)
		for range 100 {
			var query journal.Query
			fields := reflect.ValueOf(&query).Elem()
			for range rapid.IntRange(0, 3).Draw(t, "filters") {
				at := rapid.IntRange(0, fields.NumField()-1).Draw(t, "filter")
				draw(t, fields.Type().Field(at).Name, fields.Field(at))
			}
			if rapid.Bool().Draw(t, "readable") {
				draw(t, "Readable", fields.FieldByName("Readable"))
			}
			text, args := kept.Entries(query)
			wanted, wantedArgs := NewWorklist(dialect).Entries(query)
			if text != wanted || !reflect.DeepEqual(args, wantedArgs) {
				t.Fatalf("%+v:\n%s %v, not\n%s %v", query, text, args, wanted, wantedArgs)
			}
		}
	})
}

// draw sets a value, to one of few so that shapes occur again.
func draw(t *rapid.T, name string, value reflect.Value) {
	switch value.Kind() {
	case reflect.String:
		value.SetString(rapid.SampledFrom([]string{"a", "b"}).Draw(t, name))
	case reflect.Bool:
		value.SetBool(true)
	case reflect.Int, reflect.Int32:
		value.SetInt(rapid.Int64Range(0, 2).Draw(t, name))
	case reflect.Slice:
		n := rapid.IntRange(-1, 2).Draw(t, name)
		if n < 0 {
			return
		}
		value.Set(reflect.MakeSlice(value.Type(), n, n))
		for i := range n {
			draw(t, name+strconv.Itoa(i), value.Index(i))
		}
	case reflect.Pointer:
		value.Set(reflect.New(value.Type().Elem()))
		draw(t, name, value.Elem())
	case reflect.Struct:
		if at, is := value.Addr().Interface().(*time.Time); is {
			*at = rapid.SampledFrom([]time.Time{{}, time.UnixMicro(1)}).Draw(t, name)
			return
		}
		for i := range value.NumField() {
			draw(t, name+"."+value.Type().Field(i).Name, value.Field(i))
		}
	default:
		t.Fatalf("%s: no values of kind %s", name, value.Kind())
	}
}
