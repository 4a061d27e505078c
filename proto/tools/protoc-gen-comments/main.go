// Command protoc-gen-comments writes the comments of the contract into one JSON file: the full name of
// each element, and what its .proto says of it. Programs have the descriptors themselves, without their
// comments; the documentation joins the two.
package main

import (
	"encoding/json"
	"strings"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/pluginpb"
)

func main() {
	protogen.Options{}.Run(func(plugin *protogen.Plugin) error {
		plugin.SupportedFeatures = uint64(pluginpb.CodeGeneratorResponse_FEATURE_PROTO3_OPTIONAL)
		all := comments{}
		for _, file := range plugin.Files {
			if file.Generate {
				all.file(file)
			}
		}
		text, err := json.MarshalIndent(all, "", " ")
		if err != nil {
			return err
		}
		_, err = plugin.NewGeneratedFile("comments.json", "").Write(append(text, '\n'))
		return err
	})
}

// comments maps an element to its comment; a file goes by its path, since several share a package.
type comments map[string]string

func (c comments) add(name protoreflect.FullName, set protogen.CommentSet) {
	// A short comment may stand behind its element.
	if text := strings.TrimSpace(clean(set.Leading) + "\n" + clean(set.Trailing)); text != "" {
		c[string(name)] = text
	}
}

func (c comments) file(file *protogen.File) {
	// The comment stands before the statement that names the package.
	for _, location := range file.Proto.GetSourceCodeInfo().GetLocation() {
		if path := location.GetPath(); len(path) == 1 && path[0] == packageNumber {
			if text := clean(protogen.Comments(location.GetLeadingComments())); text != "" {
				c[file.Desc.Path()] = text
			}
		}
	}
	for _, service := range file.Services {
		c.add(service.Desc.FullName(), service.Comments)
		for _, method := range service.Methods {
			c.add(method.Desc.FullName(), method.Comments)
		}
	}
	c.enums(file.Enums)
	c.messages(file.Messages)
}

// packageNumber is the number of FileDescriptorProto.package.
const packageNumber = 2

func (c comments) messages(messages []*protogen.Message) {
	for _, message := range messages {
		c.add(message.Desc.FullName(), message.Comments)
		for _, field := range message.Fields {
			c.add(field.Desc.FullName(), field.Comments)
		}
		for _, oneof := range message.Oneofs {
			c.add(oneof.Desc.FullName(), oneof.Comments)
		}
		c.enums(message.Enums)
		c.messages(message.Messages)
	}
}

func (c comments) enums(enums []*protogen.Enum) {
	for _, enum := range enums {
		c.add(enum.Desc.FullName(), enum.Comments)
		for _, value := range enum.Values {
			// A value's full name is that of its sibling: the enum goes before it.
			c.add(enum.Desc.FullName().Append(value.Desc.Name()), value.Comments)
		}
	}
}

// clean removes the blank that begins each line.
func clean(comment protogen.Comments) string {
	var lines []string
	for line := range strings.Lines(string(comment)) {
		lines = append(lines, strings.TrimSpace(line))
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}
