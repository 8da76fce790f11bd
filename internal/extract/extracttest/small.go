package extracttest

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf16"
)

// small makes what needs no program: an export of the registry and a notebook.
func (b *builder) small() {
	reg := "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Example]\r\n\"Plain\"=\"" + b.plant("export.reg", "body", "") + "\"\r\n" +
		hexValue(`"Path"=hex(2):`, b.plant("export.reg", "expand", "")) + hexValue(`"List"=hex(7):`, "one\x00"+b.plant("export.reg", "multi", "")+"\x00")
	b.write("export.reg", "\xff\xfe"+utf16le(reg))

	type object = map[string]any
	book, err := json.MarshalIndent(object{
		"cells": []object{
			{"cell_type": "markdown", "metadata": object{}, "source": []string{"# How\n", "to"}},
			{
				"cell_type": "code", "execution_count": 1, "metadata": object{}, "source": []string{"import os\n", "k = '" + b.plant("work.ipynb", "body", "cell 2") + "'\n"},
				"outputs": []object{{"name": "stdout", "output_type": "stream", "text": []string{"it is ", b.plant("work.ipynb", "output", "cell 2 output") + "\n"}}},
			},
		},
		"metadata": object{"note": b.plant("work.ipynb", "property", "metadata")}, "nbformat": 4, "nbformat_minor": 5,
	}, "", " ")
	if b.err == nil {
		b.err = err
	}
	b.write("work.ipynb", string(book))
}

func utf16le(s string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		b.Write([]byte{byte(u), byte(u >> 8)})
	}
	return b.String()
}

// hexValue writes a value as regedit does: bytes of UTF-16, over many lines.
func hexValue(name, text string) string {
	var out strings.Builder
	line := name
	for i, c := range []byte(utf16le(text + "\x00")) {
		part := fmt.Sprintf("%02x", c)
		if i > 0 {
			line += ","
			if len(line) > 76 {
				out.WriteString(line + "\\\r\n")
				line = "  "
			}
		}
		line += part
	}
	return out.String() + line + "\r\n"
}
