// Prints a CSI file descriptor as canonical JSON, so that a test can compare two of them.
//
//	csi-descriptor official        the descriptor compiled into the official CSI Go package
//	csi-descriptor compile FILE    the descriptor of a .proto file
//
// 1. Both sides take the same road: bytes, then one decoder that knows the CSI options, then JSON.
// 2. Order, file name and source positions are left out; everything else that protoc would keep is printed.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/bufbuild/protocompile"
	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	file, err := load(args)
	if err != nil {
		return err
	}
	tree, err := toTree(file)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", " ")
	return encoder.Encode(canonicalFile(tree))
}

func load(args []string) (protoreflect.FileDescriptor, error) {
	switch {
	case len(args) == 1 && args[0] == "official":
		return officialFile(), nil
	case len(args) == 2 && args[0] == "compile":
		return compile(args[1])
	}
	return nil, fmt.Errorf("cannot print a descriptor: want \"official\" or \"compile FILE\"; got %q", args)
}

func officialFile() protoreflect.FileDescriptor {
	return (&csi.CreateVolumeRequest{}).ProtoReflect().Descriptor().ParentFile()
}

func compile(path string) (protoreflect.FileDescriptor, error) {
	sources := &protocompile.SourceResolver{ImportPaths: []string{filepath.Dir(path)}}
	compiler := protocompile.Compiler{Resolver: protocompile.WithStandardImports(sources)}
	files, err := compiler.Compile(context.Background(), filepath.Base(path))
	if err != nil {
		return nil, fmt.Errorf("cannot compile %s: %w", filepath.Base(path), err)
	}
	return files[0], nil
}

// toTree decodes the options again with the official CSI extension types, so that both sides name them alike.
func toTree(file protoreflect.FileDescriptor) (map[string]any, error) {
	raw, err := proto.Marshal(protodesc.ToFileDescriptorProto(file))
	if err != nil {
		return nil, err
	}
	decoded := &descriptorpb.FileDescriptorProto{}
	if err := proto.Unmarshal(raw, decoded); err != nil {
		return nil, err
	}
	text, err := protojson.Marshal(decoded)
	if err != nil {
		return nil, err
	}
	tree := map[string]any{}
	return tree, json.Unmarshal(text, &tree)
}
