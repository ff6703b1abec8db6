// Switches on two parts of ZAP's core that 2.17.0 holds but leaves to the add-on `scripts`, which
// Maven Central lacks: the API to load scripts with, and the active rule that runs active scripts.
(function () {
    var core = Packages.org.parosproxy.paros;
    var zap = Packages.org.zaproxy.zap.extension;
    var loader = core.control.Control.getSingleton().getExtensionLoader();
    var api = zap.api.API.getInstance();
    api.registerApiImplementor(new zap.script.ScriptAPI(loader.getExtension("ExtensionScript")));
    core.core.scanner.PluginFactory.loadedPlugin(new zap.ascan.ScriptsActiveScanner());
    print("boot.js: scripts are on");
})();
