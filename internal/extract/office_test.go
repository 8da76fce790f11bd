package extract

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const contentTypes = `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`

func TestWord(t *testing.T) {
	doc := `<?xml version="1.0"?><w:document xmlns:w="w"><w:body>
<w:p><w:r><w:t>Key AK</w:t></w:r><w:r><w:t xml:space="preserve">IA1 </w:t></w:r><w:r><w:tab/><w:t>a &amp; b</w:t></w:r></w:p>
<w:p><w:r><w:delText>deleted</w:delText></w:r><w:r><w:br/><w:t>next</w:t></w:r></w:p>
<w:tbl><w:tr><w:tc><w:p><w:r><w:t>id</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>one</w:t></w:r></w:p><w:p><w:r><w:t>two</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
</w:body></w:document>`
	b := zipOf(t,
		entry{"[Content_Types].xml", contentTypes},
		entry{"word/document.xml", doc},
		entry{"word/header1.xml", `<w:hdr xmlns:w="w"><w:p><w:r><w:t>head</w:t></w:r></w:p></w:hdr>`},
		entry{"word/_rels/document.xml.rels", `<Relationships><Relationship Id="r1" Target="https://example.org/?a=1&amp;b=2"/></Relationships>`},
		entry{"word/embeddings/in.zip", string(zipOf(t, entry{"x", "x"}))},
		entry{"docProps/custom.xml", `<Properties><property name="k"><vt:lpwstr>value</vt:lpwstr></property></Properties>`},
	)
	v := walkBytes(t, Limits{}, b)
	want := map[string]string{
		"":                              "Key AKIA1 \ta & b\ndeleted\nnext\nid\tone\ntwo\t\n",
		"![Content_Types].xml":          "",
		"!header1":                      "head\n",
		"!word/_rels/document.xml.rels": "https://example.org/?a=1&b=2\n",
		"!/word/embeddings/in.zip!/x":   "x",
		"!custom":                       "value\n",
	}
	if diff := cmp.Diff(want, v.texts); diff != "" {
		t.Error(diff)
	}
	if len(v.gaps) > 0 {
		t.Errorf("gaps: %v", v.gaps)
	}
}

func TestSheet(t *testing.T) {
	long := strings.Repeat("x", 30)
	b := zipOf(t,
		entry{"[Content_Types].xml", contentTypes},
		entry{"xl/workbook.xml", `<workbook xmlns:r="r"><sheets><sheet name="Keys &amp; more" sheetId="1" r:id="rId1"/><sheet name="Hidden" state="hidden" sheetId="2" r:id="rId2"/></sheets></workbook>`},
		entry{"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Target="/xl/worksheets/sheet2.xml"/></Relationships>`},
		entry{"xl/sharedStrings.xml", `<sst><si><t>first</t></si><si><r><t>two </t></r><r><t>runs of text in it</t></r><rPh><t>not this</t></rPh></si><si><t>unused</t></si></sst>`},
		entry{"xl/worksheets/sheet1.xml", `<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="s"><v>1</v></c></row>` +
			`<row r="14"><c r="AB14" t="inlineStr"><is><t>` + long + `</t></is></c><c r="AC14"><f>CONCAT("` + long + `")</f><v>7</v></c><c t="s"><v>99</v></c></row></sheetData></worksheet>`},
		entry{"xl/worksheets/sheet2.xml", `<worksheet><sheetData><row><c t="str"><v>` + long + `</v></c></row></sheetData></worksheet>`},
	)
	v := walkBytes(t, Limits{}, b)
	sheet := v.texts["!Keys & more"]
	if want := "first\ttwo runs of text in it\t\n" + long + "\t7 CONCAT(\"" + long + "\")\t\t\n"; sheet != want {
		t.Errorf("the sheet is %q, want %q", sheet, want)
	}
	for text, cell := range map[string]string{"two runs": "C1", long: "AB14", "CONCAT": "AC14"} {
		if got := v.at["!Keys & more"].At(int64(strings.Index(sheet, text))); got != cell {
			t.Errorf("%q stands at %q, want %q", text, got, cell)
		}
	}
	if got := v.at["!Hidden"].At(0); v.texts["!Hidden"] != long+"\t\n" || got != "A1" {
		t.Errorf("the hidden sheet is %q, %q", v.texts["!Hidden"], got)
	}
	if v.texts["!shared strings"] != "unused\n" {
		t.Errorf("what no cell shows is %q", v.texts["!shared strings"])
	}

	// What cannot be held is said, and still scanned.
	small := newRecorded()
	wr := Walker{Limits: Limits{Memory: int64(len(b))}}
	many := zipOf(t, entry{"[Content_Types].xml", contentTypes},
		entry{"xl/sharedStrings.xml", "<sst>" + strings.Repeat("<si><t>"+long+"</t></si>", 10_000) + "</sst>"},
		entry{"xl/worksheets/sheet1.xml", `<worksheet><row><c t="s"><v>1</v></c></row></worksheet>`})
	if err := wr.Walk(t.Context(), inputOf(many), small); err != nil {
		t.Fatal(err)
	}
	if len(small.gaps) != 1 || strings.Count(small.texts["!shared strings"], long) != 10_000 {
		t.Errorf("gaps %v, %d strings", small.gaps, strings.Count(small.texts["!shared strings"], long))
	}
}

func TestOpenDocument(t *testing.T) {
	long := strings.Repeat("x", 30)
	content := `<office:document-content><office:body><text:p>a<text:s text:c="2"/>b<text:span>c</text:span></text:p>
<table:table table:name="T1"><table:table-row><table:table-cell><text:p>1</text:p></table:table-cell><table:table-cell table:number-columns-repeated="2"/>` +
		`<table:table-cell><text:p>` + long + `</text:p><text:p>more</text:p></table:table-cell></table:table-row></table:table>
<text:p><text:a xlink:href="https://example.org/x">link</text:a></text:p></office:body></office:document-content>`
	v := walkBytes(t, Limits{}, zipOf(t,
		entry{"mimetype", "application/vnd.oasis.opendocument.spreadsheet"},
		entry{"content.xml", content},
		entry{"meta.xml", `<m><dc:title>the title</dc:title></m>`},
		entry{"Object 1/content.xml", "<x/>"}))
	want := map[string]string{
		"":                       "a  bc\n1\t\t" + long + "\nmore\t\nhttps://example.org/x link\n",
		"!meta.xml":              "the title\n",
		"!/Object 1/content.xml": "<x/>",
	}
	if diff := cmp.Diff(want, v.texts); diff != "" {
		t.Error(diff)
	}
	if got := v.at[""].At(int64(strings.Index(v.texts[""], long))); got != "T1!D1" {
		t.Errorf("the cell is called %q", got)
	}
}

func TestCellName(t *testing.T) {
	for name, at := range map[string][2]int{"A1": {1, 1}, "Z9": {9, 26}, "AA10": {10, 27}, "XFD1048576": {1048576, 16384}} {
		if got := cellName(at[0], at[1]); got != name {
			t.Errorf("%v is called %s, want %s", at, got, name)
		}
		if row, column, ok := parseCell([]byte(name)); !ok || row != at[0] || column != at[1] {
			t.Errorf("%s is read as %d, %d, %v", name, row, column, ok)
		}
	}
	for _, s := range []string{"", "A", "1", "A0", "a1", "A1B"} {
		if _, _, ok := parseCell([]byte(s)); ok {
			t.Errorf("%q is read as a cell", s)
		}
	}
}
