package extracttest

import "strings"

// The sources of documents: flat OpenDocument files, in which "{{position}}"
// stands for what is planted there.

const namespaces = ` xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"` +
	` xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"` +
	` xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/"` +
	` xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0"` +
	` xmlns:presentation="urn:oasis:names:tc:opendocument:xmlns:presentation:1.0"` +
	` xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0" office:version="1.3"`

const writer = `<?xml version="1.0" encoding="UTF-8"?>
<office:document` + namespaces + ` office:mimetype="application/vnd.oasis.opendocument.text">
<office:meta><dc:title>{{property}}</dc:title></office:meta>
<office:styles><style:style style:name="Standard" style:family="paragraph"/></office:styles>
<office:automatic-styles>
<style:style style:name="H" style:family="text"><style:text-properties text:display="none"/></style:style>
<style:style style:name="B" style:family="text"><style:text-properties fo:font-weight="bold"/></style:style>
<style:page-layout style:name="pm1"><style:page-layout-properties fo:page-width="210mm" fo:page-height="297mm"/><style:header-style/><style:footer-style/></style:page-layout>
</office:automatic-styles>
<office:master-styles><style:master-page style:name="Standard" style:page-layout-name="pm1"><style:header><text:p>{{header}}</text:p></style:header><style:footer><text:p>{{footer}}</text:p></style:footer></style:master-page></office:master-styles>
<office:body><office:text>
<text:p>How we deploy</text:p>
<text:p>Use {{body|B}} for it.<office:annotation><dc:creator>A</dc:creator><text:p>{{comment}}</text:p></office:annotation> See <text:note text:note-class="footnote"><text:note-citation>1</text:note-citation><text:note-body><text:p>{{footnote}}</text:p></text:note-body></text:note>.</text:p>
<text:p>Nothing <text:span text:style-name="H">{{hidden}}</text:span></text:p>
<table:table table:name="T1"><table:table-column table:number-columns-repeated="4"/><table:table-row><table:table-cell><text:p>key</text:p></table:table-cell><table:table-cell><text:p>{{table}}</text:p></table:table-cell><table:table-cell/><table:table-cell/></table:table-row></table:table>
</office:text></office:body></office:document>
`

const calc = `<?xml version="1.0" encoding="UTF-8"?>
<office:document` + namespaces + ` office:mimetype="application/vnd.oasis.opendocument.spreadsheet">
<office:meta><dc:title>{{property}}</dc:title></office:meta>
<office:automatic-styles><style:style style:name="hid" style:family="table"><style:table-properties table:display="false"/></style:style></office:automatic-styles>
<office:body><office:spreadsheet>
<table:table table:name="Open"><table:table-column table:number-columns-repeated="3"/>
<table:table-row><table:table-cell office:value-type="string"><text:p>name</text:p></table:table-cell></table:table-row>
<table:table-row><table:table-cell office:value-type="string"><text:p>aws</text:p></table:table-cell><table:table-cell office:value-type="string"><office:annotation><text:p>{{comment}}</text:p></office:annotation><text:p>{{body}}</text:p></table:table-cell><table:table-cell office:value-type="float" office:value="42.5"><text:p>42.5</text:p></table:table-cell></table:table-row>
<table:table-row table:visibility="collapse"><table:table-cell office:value-type="string"><text:p>{{hidden row}}</text:p></table:table-cell></table:table-row>
</table:table>
<table:table table:name="Secret" table:style-name="hid"><table:table-column/><table:table-row table:number-rows-repeated="3"><table:table-cell/></table:table-row><table:table-row><table:table-cell/><table:table-cell office:value-type="string"><text:p>{{hidden sheet}}</text:p></table:table-cell></table:table-row></table:table>
</office:spreadsheet></office:body></office:document>
`

const impress = `<?xml version="1.0" encoding="UTF-8"?>
<office:document` + namespaces + ` office:mimetype="application/vnd.oasis.opendocument.presentation">
<office:meta><dc:title>{{property}}</dc:title></office:meta>
<office:automatic-styles><style:page-layout style:name="PM1"><style:page-layout-properties fo:page-width="28cm" fo:page-height="21cm"/></style:page-layout><style:style style:name="dph" style:family="drawing-page"><style:drawing-page-properties presentation:visibility="hidden"/></style:style></office:automatic-styles>
<office:master-styles><style:master-page style:name="Default" style:page-layout-name="PM1"/></office:master-styles>
<office:body><office:presentation>
<draw:page draw:name="one" draw:master-page-name="Default"><draw:frame svg:width="20cm" svg:height="3cm" svg:x="2cm" svg:y="2cm"><draw:text-box><text:p>{{body}}</text:p></draw:text-box></draw:frame><office:annotation svg:x="1cm" svg:y="1cm"><dc:creator>A</dc:creator><text:p>{{comment}}</text:p></office:annotation><presentation:notes><draw:frame presentation:class="notes" svg:width="16cm" svg:height="10cm" svg:x="2cm" svg:y="12cm"><draw:text-box><text:p>{{notes}}</text:p></draw:text-box></draw:frame></presentation:notes></draw:page>
<draw:page draw:name="two" draw:style-name="dph" draw:master-page-name="Default"><draw:frame svg:width="20cm" svg:height="3cm" svg:x="2cm" svg:y="2cm"><draw:text-box><text:p>{{hidden}}</text:p></draw:text-box></draw:frame></draw:page>
</office:presentation></office:body></office:document>
`

// filled puts what say plants into a source. "{{position|style}}" has the middle
// of it in another style, so that a word processor cuts it into runs.
func filled(source string, say func(position string) string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(source, "{{")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		position, after, _ := strings.Cut(rest, "}}")
		position, style, styled := strings.Cut(position, "|")
		text := say(position)
		if third := len(text) / 3; styled {
			text = text[:third] + `<text:span text:style-name="` + style + `">` + text[third:2*third] + "</text:span>" + text[2*third:]
		}
		b.WriteString(text)
		source = after
	}
}
