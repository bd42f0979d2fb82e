package main

import (
	"strings"
)

// canonicalFile turns the lists of a descriptor into objects keyed by name, because the wire knows no order.
func canonicalFile(file map[string]any) map[string]any {
	delete(file, "name")
	delete(file, "sourceCodeInfo")
	byName(file, "messageType", canonicalMessage)
	byName(file, "enumType", canonicalEnum)
	byName(file, "extension", canonicalField)
	byName(file, "service", func(service map[string]any) { byName(service, "method", func(map[string]any) {}) })
	return file
}

func canonicalMessage(message map[string]any) {
	nameOneofs(message)
	byName(message, "field", canonicalField)
	byName(message, "extension", canonicalField)
	byName(message, "oneofDecl", func(map[string]any) {})
	byName(message, "nestedType", canonicalMessage)
	byName(message, "enumType", canonicalEnum)
}

func canonicalEnum(enum map[string]any) {
	byName(enum, "value", func(map[string]any) {})
}

// canonicalField drops a JSON name that is only the field's own name in camel case: not every compiler writes it.
func canonicalField(field map[string]any) {
	name, _ := field["name"].(string)
	if field["jsonName"] == camelCase(name) {
		delete(field, "jsonName")
	}
}

// nameOneofs replaces the position of a field's oneof by its name.
func nameOneofs(message map[string]any) {
	oneofs, _ := message["oneofDecl"].([]any)
	fields, _ := message["field"].([]any)
	for _, entry := range fields {
		field := entry.(map[string]any)
		if index, ok := field["oneofIndex"].(float64); ok {
			field["oneof"] = oneofs[int(index)].(map[string]any)["name"]
			delete(field, "oneofIndex")
		}
	}
}

func byName(parent map[string]any, key string, each func(map[string]any)) {
	list, ok := parent[key].([]any)
	if !ok {
		return
	}
	named := map[string]any{}
	for _, entry := range list {
		object := entry.(map[string]any)
		each(object)
		name := object["name"].(string)
		delete(object, "name")
		named[name] = object
	}
	parent[key] = named
}

func camelCase(name string) string {
	head, tail, more := strings.Cut(name, "_")
	for more {
		var part string
		part, tail, more = strings.Cut(tail, "_")
		if part != "" {
			head += strings.ToUpper(part[:1]) + part[1:]
		}
	}
	return head
}
