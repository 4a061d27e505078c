// Command protodeps prints the third-party .proto files that Koppi imports into
// the folder named by its argument. They come from the Go modules that carry
// their generated code, since no schema registry is needed for what the module
// proxy already brings.
package main

import (
	"log"
	"os"
	"path/filepath"
	"strings"

	_ "buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"github.com/jhump/protoreflect/v2/protoprint"
	_ "google.golang.org/genproto/googleapis/rpc/errdetails"
	_ "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: protodeps FOLDER")
	}
	var failed error
	printer := &protoprint.Printer{}
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		// protoc and buf bring google/protobuf themselves.
		if strings.HasPrefix(file.Path(), "google/protobuf/") {
			return true
		}
		failed = write(printer, file, filepath.Join(os.Args[1], filepath.FromSlash(file.Path())))
		return failed == nil
	})
	if failed != nil {
		log.Fatal(failed)
	}
}

func write(printer *protoprint.Printer, file protoreflect.FileDescriptor, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := printer.PrintProtoFile(file, out); err != nil {
		_ = out.Close()
		return err
	}
	return out.Close()
}
