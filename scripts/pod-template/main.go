// Prints the Go types that make up a PodTemplateSpec, as the template hash needs them: for each struct its fields in
// order with Go name, JSON name and type. For another release, change go.mod, then run:
// go mod tidy && go run . > ../../packages/devcluster/src/controllers/template-hash/go-types.data.json
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// A field is [Go name, JSON name, type]; embedded structs have no JSON name and their fields are read from the same object.
type field [3]string

var structs = map[string][]field{}
var kinds = map[string]string{}

func name(t reflect.Type) string { return t.String() }

func visit(t reflect.Type) {
	switch t.Kind() {
	case reflect.Ptr, reflect.Slice:
		visit(t.Elem())
		if t.Kind() == reflect.Slice && t.Name() != "" {
			kinds[name(t)] = "[]" + name(t.Elem())
		}
	case reflect.Map:
		visit(t.Key())
		visit(t.Elem())
		if t.Name() != "" {
			kinds[name(t)] = "map[" + name(t.Key()) + "]" + name(t.Elem())
		}
	case reflect.Struct:
		switch name(t) {
		case "resource.Quantity", "v1.Time", "intstr.IntOrString", "v1.FieldsV1":
			return
		}
		if _, ok := structs[name(t)]; ok {
			return
		}
		structs[name(t)] = []field{}
		fields := []field{}
		for i := 0; i < t.NumField(); i++ {
			f := t.Field(i)
			tag := strings.Split(f.Tag.Get("json"), ",")[0]
			fields = append(fields, field{f.Name, tag, name(f.Type)})
			visit(f.Type)
		}
		structs[name(t)] = fields
	default:
		if name(t) != t.Kind().String() {
			kinds[name(t)] = t.Kind().String()
		}
	}
}

func main() {
	visit(reflect.TypeOf(corev1.PodTemplateSpec{}))
	out, err := json.Marshal(map[string]any{"root": "v1.PodTemplateSpec", "structs": structs, "named": kinds})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(string(out))
}
