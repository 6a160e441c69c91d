using Npgsql;
using OrleansUem.Silo;
using OrleansUem.Silo.Database;
using OrleansUem.Silo.State;
using Xunit;

namespace OrleansUem.Tests.Silo.Database;

/// <summary>What may stand in the file that names the database, and that no error repeats a secret.</summary>
public sealed class DatabaseFileTests : IDisposable
{
    private const string Secret = "s3cret-wombat";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("uem-dbfile-");

    private string FilePath => Path.Combine(_folder.FullName, "database.conf");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Read_OneLineOrMany_IsTheSame()
    {
        var one = Read($"Host=/run/pg;Database=d;Username=u;Password='{Secret};x'\n");
        var many = Read($"# the relay's database\nHost = /run/pg\nDatabase = d\n\nUsername=u\nPassword='{Secret};x'\n");
        Assert.Equal(one.ConnectionString, many.ConnectionString);
        Assert.Equal(Secret + ";x", many.Password);
    }

    [Fact]
    public void Read_Defaults_FailBeforeAControlRequestDoes()
    {
        var connection = Read("Host=/run/pg;Database=d;Username=u");
        Assert.True(connection.Timeout + connection.CommandTimeout < 10);
        Assert.Equal("uem silo-1", connection.ApplicationName);
        Assert.Equal(60, Read("Host=/run/pg;Database=d;Username=u;Command Timeout=60").CommandTimeout);
    }

    /// <summary>Over a network the server's certificate is verified unless the file says otherwise; on the machine itself there is nobody in between.</summary>
    [Theory]
    [InlineData("Host=db.example.org", SslMode.VerifyFull)]
    [InlineData("Host=10.0.0.5", SslMode.VerifyFull)]
    [InlineData("Host=db1,db2", SslMode.VerifyFull)]
    [InlineData("Host=db.example.org;SSL Mode=Require", SslMode.Require)]
    [InlineData("Host=127.0.0.1", SslMode.Prefer)]
    [InlineData("Host=::1", SslMode.Prefer)]
    [InlineData("Host=localhost", SslMode.Prefer)]
    [InlineData("Host=/var/run/postgresql", SslMode.Prefer)]
    public void Read_Host_DecidesOnTls(string host, SslMode expected) => Assert.Equal(expected, Read(host + ";Database=d;Username=u").SslMode);

    [Theory]
    [InlineData("", "Host is missing")]
    [InlineData("Database=d;Username=u", "Host is missing")]
    [InlineData("Host=h;Username=u", "Database is missing")]
    [InlineData("Host=h;Database=d", "Username is missing")]
    [InlineData("Host=h;Database=d;Username=u;Pasword=" + Secret, "'pasword' is no keyword")]
    [InlineData("Host=h;Database=d;Username=u;Port=" + Secret, "'port' is no keyword of Npgsql, or its value")]
    [InlineData("Host=h;Database=d;Username=u;Port=700000", "Port is 700000: must be 1..65535")]
    [InlineData(Secret, "not a list of Keyword=value")]
    [InlineData("postgresql://u:" + Secret + "@h/d", "not a list of Keyword=value")]
    public void Read_BadText_SaysWhatWithoutTheValue(string text, string expected)
    {
        var refusal = Assert.Throws<SiloStartException>(() => Read(text));
        Assert.Contains(expected, refusal.Message, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(FilePath, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, refusal.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_OpenToOthers_Refuses()
    {
        Write("Host=h;Database=d;Username=u");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(FilePath, UnixFileMode.UserRead | UnixFileMode.GroupRead);
            Assert.Contains("chmod 600", Assert.Throws<SiloStartException>(() => DatabaseFile.Read(FilePath, "silo-1")).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Read_Missing_SaysWhatItHolds() =>
        Assert.Contains("does not exist. It holds", Assert.Throws<SiloStartException>(() => DatabaseFile.Read(FilePath, "silo-1")).Message, StringComparison.Ordinal);

    [Fact]
    public void Read_TooLong_Refuses() =>
        Assert.Contains("more than", Assert.Throws<SiloStartException>(() => Read(new string('#', DatabaseFile.MaxBytes + 1))).Message, StringComparison.Ordinal);

    private NpgsqlConnectionStringBuilder Read(string text)
    {
        Write(text);
        return DatabaseFile.Read(FilePath, "silo-1");
    }

    private void Write(string text) => StateFiles.Write(FilePath, text);
}
