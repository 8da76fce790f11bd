package main
import ("context";"fmt";"io";"os";"bytes";"regexp";"strings";"mislaid/internal/extract")
type v struct{}
var re=regexp.MustCompile(os.Getenv("RE"))
func (v) Text(inner string, r io.Reader, at *extract.Places) error { var b bytes.Buffer; _,err:=io.Copy(&b,r); 
 if os.Getenv("RE")=="" { s:=b.String(); if len(s)>600 {s=s[:600]}; fmt.Printf("== %s\n%q\n",inner,s); return err}
 s:=b.String(); for _,m:=range re.FindAllStringIndex(s,-1) { fmt.Printf("  %-40s %-20s line %d: %s\n",inner,at.At(int64(m[0])),1+strings.Count(s[:m[0]],"\n"),s[m[0]:m[1]])}
 return err }
func (v) Gap(inner string, err error) { fmt.Printf("-- gap %s: %v\n",inner,err) }
func main(){ for _,p:=range os.Args[1:] { f,_:=os.Open(p); st,_:=f.Stat(); fmt.Println("#",p); w:=extract.Walker{}; fmt.Println(w.Walk(context.Background(),extract.Input{Reader:f,At:f,Size:st.Size()},v{})) } }
