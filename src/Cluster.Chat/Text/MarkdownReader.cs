using System.Text.RegularExpressions;
using Markdig;
using Markdig.Extensions.AutoLinks;
using Markdig.Extensions.EmphasisExtras;
using Markdig.Extensions.Tables;
using Markdig.Extensions.TaskLists;
using Markdig.Parsers;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace Cluster.Chat.Text;

/// <summary>Reads Markdown. What it cannot read stays as it was written.</summary>
internal sealed partial class MarkdownReader
{
    private const int MaxIndent = 16;

    private static readonly MarkdownPipeline Pipeline = CreatePipeline();

    private readonly RichTextBuilder _text = new();

    public static RichText Read(string markdown)
    {
        var reader = new MarkdownReader();
        foreach (var segment in MarkdownSegments.Of(VisibleText.Clean(markdown)))
        {
            if (segment.Info is null)
            {
                reader.ReadPiece(segment.Text);
            }
            else
            {
                reader._text.Break(2, quoted: false);
                reader.ReadCode(segment.Text, segment.Info, Style.Plain);
                reader._text.Break(2, quoted: false);
            }
        }

        return reader._text.Build();
    }

    /// <summary>The text of a table's cell, on one line.</summary>
    public static string ReadCell(TableCell cell)
    {
        var reader = new MarkdownReader();
        reader.ReadBlocks(cell, Style.Plain, lines: 1);
        return reader._text.Build().Text.Replace('\n', ' ').Trim();
    }

    private static MarkdownPipeline CreatePipeline()
    {
        var builder = new MarkdownPipelineBuilder { MaximumNestingDepth = 40 }
            .UsePipeTables()
            .UseEmphasisExtras(EmphasisExtraOptions.Strikethrough)
            .UseTaskLists()
            .UseAutoLinks(new AutoLinkOptions { ValidPreviousCharacters = "*_~(\"'[<>:=,;|/" })
            .DisableHtml(); // tags are text like any other
        builder.BlockParsers.Replace<ParagraphBlockParser>(new LosslessParagraphParser { ParseSetextHeadings = false });
        return builder.Build();
    }

    private void ReadPiece(string piece)
    {
        MarkdownDocument document;
        try
        {
            document = Markdown.Parse(piece, Pipeline);
        }
        catch (Exception)
        {
            // Nested too deeply (ArgumentException), or the parser's own fault: either way the text must reach its reader.
            _text.Append(piece.Trim('\n'), Style.Plain);
            Follow(piece);
            return;
        }

        ReadBlocks(document, Style.Plain, lines: 2);
        Follow(piece);
    }

    private void Follow(string piece)
    {
        if (piece.EndsWith('\n'))
        {
            _text.Break(piece.EndsWith("\n\n", StringComparison.Ordinal) ? 2 : 1, quoted: false);
        }
        else if (piece.EndsWith(' '))
        {
            _text.Append(" ", Style.Plain);
        }
    }

    private void ReadBlocks(ContainerBlock blocks, Style style, int lines)
    {
        for (var i = 0; i < blocks.Count; i++)
        {
            if (i > 0)
            {
                _text.Break(lines, style.Quote);
            }

            ReadBlock(blocks[i], style);
        }
    }

    private void ReadBlock(Block block, Style style)
    {
        switch (block)
        {
            case HeadingBlock heading:
                ReadInlines(heading.Inline, style with { Heading = heading.Level });
                break;
            case FencedCodeBlock fenced:
                ReadCode(fenced.Lines.ToString(), fenced.Info ?? "", style);
                break;
            case CodeBlock code:
                ReadCode(code.Lines.ToString(), "", style);
                break;
            case ThematicBreakBlock:
                _text.Append("──────────", style);
                break;
            case ListBlock list:
                ReadList(list, style);
                break;
            case Table table:
                ReadCode(TableText.Align(table), "", style);
                break;
            case QuoteBlock quote:
                ReadBlocks(quote, style with { Quote = true }, lines: 2);
                break;
            case ContainerBlock container:
                ReadBlocks(container, style, lines: 2);
                break;
            case LeafBlock leaf:
                ReadInlines(leaf.Inline, style);
                break;
        }
    }

    private void ReadCode(string code, string info, Style style)
    {
        if (string.IsNullOrWhiteSpace(code))
        {
            return;
        }

        if (!_text.AtLineStart)
        {
            _text.Break(1, style.Quote);
        }

        _text.Append(code.TrimEnd().TrimStart('\n'), style with { Block = true, Language = Language().Match(info).Value });
    }

    private void ReadList(ListBlock list, Style style)
    {
        var (lines, indent) = (list.IsLoose ? 2 : 1, _text.Indent);
        for (var i = 0; i < list.Count; i++)
        {
            if (i > 0)
            {
                _text.Break(lines, style.Quote);
            }

            var marker = list.IsOrdered ? $"{((ListItemBlock)list[i]).Order}. " : "• ";
            _text.Append(marker, style with { Marker = true });
            _text.Indent = indent.Length < MaxIndent ? indent + (list.IsOrdered ? "   " : "  ") : indent;
            ReadBlocks((ListItemBlock)list[i], style, lines);
            _text.Indent = indent;
        }
    }

    private void ReadInlines(ContainerInline? inlines, Style style)
    {
        for (var inline = inlines?.FirstChild; inline is not null; inline = inline.NextSibling)
        {
            ReadInline(inline, style);
        }
    }

    private void ReadInline(Inline inline, Style style)
    {
        switch (inline)
        {
            case LiteralInline literal:
                _text.Append(literal.Content.ToString(), style);
                break;
            case CodeInline code:
                _text.Append(code.Content, style with { Code = true });
                break;
            case EmphasisInline emphasis:
                ReadInlines(emphasis, emphasis switch
                {
                    { DelimiterChar: '~' } => style with { Strike = true },
                    { DelimiterCount: 2 } => style with { Bold = true },
                    _ => style with { Italic = true },
                });
                break;
            case LinkInline link:
                ReadLink(link, style);
                break;
            case AutolinkInline auto:
                _text.Append(VisibleText.Clean(auto.Url), style with { Link = WebAddress.Clean(auto.Url) });
                break;
            case LineBreakInline:
                _text.Append("\n" + _text.Indent, style);
                break;
            case HtmlEntityInline entity:
                _text.Append(VisibleText.Clean(entity.Transcoded.ToString()), style);
                break;
            case TaskList task:
                _text.Append(task.Checked ? "☑" : "☐", style);
                break;
            case DelimiterInline delimiter:
                _text.Append(delimiter.ToLiteral(), style);
                ReadInlines(delimiter, style);
                break;
            case ContainerInline container:
                ReadInlines(container, style);
                break;
        }
    }

    private void ReadLink(LinkInline link, Style style)
    {
        var target = VisibleText.Clean(link.Url ?? "");
        var (address, start) = (style.Link ?? WebAddress.Clean(target), _text.Length);
        var linked = style with { Link = address };
        ReadInlines(link, linked);
        if (_text.Length == start)
        {
            _text.Append(target, linked);
        }
        else if (address is null && !link.IsAutoLink && target.Length > 0)
        {
            _text.Append($" ({target})", style); // a file's path, mostly
        }
    }

    [GeneratedRegex(@"^[A-Za-z0-9_+#.-]{1,32}(?!\S)", RegexOptions.CultureInvariant)]
    private static partial Regex Language();

    /// <summary>Without link definitions: their lines vanish from the text, and chats do not know them.</summary>
    private sealed class LosslessParagraphParser : ParagraphBlockParser
    {
        public override bool Close(BlockProcessor processor, Block block)
        {
            if (block is ParagraphBlock { Lines.Count: > 0 } paragraph)
            {
                var lines = paragraph.Lines.Lines;
                for (var i = 0; i < paragraph.Lines.Count; i++)
                {
                    lines[i].Slice.TrimStart();
                }

                lines[paragraph.Lines.Count - 1].Slice.TrimEnd();
            }

            return true;
        }
    }
}
